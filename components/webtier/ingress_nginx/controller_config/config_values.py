"""The kinds of values that options of the controller's ConfigMap have, each with the right spelling of a wrong one.

All values of a ConfigMap are text. The controller turns some into numbers and booleans, drops what it can't, with a
line in its log, and puts others into nginx.conf as they are, where nginx refuses the whole file. Here they are held to
what both take. The syntax of sizes and times is nginx' own (https://nginx.org/en/docs/syntax.html).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from webtier.shared.addresses import is_address, is_network, meant_network, name_problem, url_problem

_SIZE = re.compile(r"[0-9]+[kKmM]?")
_OFFSET = re.compile(r"[0-9]+[kKmMgG]?")
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kKmMgG]?)(?:i?[bB]|i|)")
_TIME = re.compile(r"[0-9]+|([0-9]+(ms|[smhdwMy]) *)+")
_SPOKEN_TIME = re.compile(r"([0-9]+) *(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_GO_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ms|us|ns|[smh]))+")
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MIME_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+*-]+|\*")
# Behind a backslash nginx takes some characters for others before PCRE sees them.
_MAP_SOURCE = re.compile(r"(?:~\*?((?:[^\s;{}'\"\\]|\\[^\s;{}'\"\\tnr])+)|[^~\s;{}'\"\\][^\s;{}'\"\\]*)")
_WORDS_OF_MAP = ("default", "hostnames", "include", "volatile")
_NAMESPACED = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_WORDS_FOR = {
    "true": ("true", "yes", "on", "1", "t", "y", "enabled", "enable"),
    "false": ("false", "no", "off", "0", "f", "n", "disabled", "disable"),
}


def _nothing_nearer(_: str) -> str:
    return ""


@dataclass(frozen=True)
class Kind:
    """`allowed` in words, whether a text is so, and the right spelling of a wrong text, empty where none is near."""

    allowed: str
    is_right: Callable[[str], bool]
    right_spelling: Callable[[str], str] = _nothing_nearer


def switch() -> Kind:
    """`true` or `false`."""

    def spelling(text: str) -> str:
        word = text.strip().lower()
        return next((right for right, words in _WORDS_FOR.items() if word in words), "")

    return Kind('"true" or "false"', lambda text: text in _WORDS_FOR, spelling)


def one_of(*words: str) -> Kind:
    """One of these words."""

    def spelling(text: str) -> str:
        lower = text.strip().lower()
        found = next((word for word in words if word.lower() == lower), "")
        if found or set(words) != {"on", "off"}:
            return found
        return next((right for right, known in (("on", "true"), ("off", "false")) if lower in _WORDS_FOR[known]), "")

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), lambda text: text in words, spelling)


def whole(least: int = 0, most: int = 2**31 - 1, unit: str = "") -> Kind:
    """A whole number; with the unit `seconds` one of those, without a letter after it."""

    def is_right(text: str) -> bool:
        return re.fullmatch(r"0|[1-9][0-9]*", text) is not None and least <= int(text) <= most

    def spelling(text: str) -> str:
        spoken = _SPOKEN_TIME.fullmatch(text.strip().lower())
        if unit == "seconds" and spoken is not None:
            number = str(int(spoken[1]) * _SECONDS[spoken[2][0]])
        elif re.fullmatch(r"[0-9][0-9_, ']*", text.strip()):
            number = str(int(re.sub("[^0-9]", "", text)))
        else:
            return ""
        return number if is_right(number) else ""

    limits = f", {least} or more" if most == 2**31 - 1 else f" from {least} to {most}"
    of_what = f" of {unit}, without a unit" if unit else ""
    return Kind(f'a whole number{of_what}{limits}, as text such as "{max(least, min(60, most))}"', is_right, spelling)


def size(*, offset: bool = False) -> Kind:
    """Bytes, or with `k` or `m` 1024 or 1024² of them; with `offset` also `g`."""
    pattern = _OFFSET if offset else _SIZE

    def spelling(text: str) -> str:
        found = _AMOUNT.fullmatch(text.strip())
        if found is None:
            return ""
        amount, letter = Decimal(found[1]), found[2].lower()
        while letter and (amount % 1 != 0 or (letter == "g" and not offset)):
            amount, letter = amount * 1024, {"g": "m", "m": "k", "k": ""}[letter]
        return f"{int(amount)}{letter}" if amount % 1 == 0 else ""

    units = "'k', 'm' or 'g'" if offset else "'k' or 'm'"
    return Kind(f'a size of nginx, a number and {units} or nothing for bytes, such as "8m"', _full(pattern), spelling)


def time() -> Kind:
    """A time of nginx: `10m`, `1h 30m`, a number alone being seconds."""

    def spelling(text: str) -> str:
        spoken = _SPOKEN_TIME.fullmatch(text.strip().lower())
        return f"{spoken[1]}{spoken[2][0]}" if spoken else ""

    return Kind('a time of nginx such as "30s", "10m", "1h" or "1h 30m"', _full(_TIME), spelling)


def duration() -> Kind:
    """A duration of Go, which needs a unit."""

    def spelling(text: str) -> str:
        number = re.fullmatch(r"([0-9]+) *(s|secs?|seconds?|)", text.strip())
        return f"{number[1]}s" if number else ""

    return Kind('a number with a unit, such as "5s" or "500ms"', _full(_GO_DURATION), spelling)


def number(least: float, most: float) -> Kind:
    """A decimal number."""

    def is_right(text: str) -> bool:
        return re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) is not None and least <= float(text) <= most

    return Kind(f'a number from {least:g} to {most:g}, such as "0.5"', is_right)


def matching(pattern: str, allowed: str) -> Kind:
    """Text that a regular expression describes as a whole."""
    return Kind(allowed, _full(re.compile(pattern)))


def words(known: Collection[str], allowed: str) -> Kind:
    """Some of these words, with a space between."""

    def is_right(text: str) -> bool:
        return bool(text.split()) and set(text.split(" ")) <= set(known)

    def spelling(text: str) -> str:
        by_lower = {word.lower(): word for word in known}
        found = [by_lower.get(word.lower(), "") for word in re.split(r"[\s,;]+", text.strip())]
        return " ".join(found) if all(found) else ""

    return Kind(allowed, is_right, spelling)


def items(is_item: Callable[[str], bool], allowed: str, meant: Callable[[str], str] = _nothing_nearer) -> Kind:
    """A list with commas; `meant` is the right spelling of one of its entries."""

    def split(text: str) -> list[str]:
        return [entry.strip() for entry in text.split(",")]

    def spelling(text: str) -> str:
        entries = [entry.strip(" '\"[]") for entry in re.split(r"[\s,;]+", text.strip()) if entry.strip(" '\"[]")]
        found = [entry if is_item(entry) else meant(entry) for entry in entries]
        return ",".join(found) if found and all(map(is_item, found)) else ""

    return Kind(allowed, lambda text: all(map(is_item, split(text))), spelling)


def networks() -> Kind:
    """Addresses and networks."""

    def meant(entry: str) -> str:
        return meant_network(entry).partition("'")[2].partition("'")[0]

    return items(is_network, 'addresses and networks (CIDR) with commas, such as "10.0.0.0/8,192.0.2.7"', meant)


def addresses() -> Kind:
    """Addresses alone."""
    return items(is_address, 'IP addresses with commas, such as "192.0.2.7,fd00::7"')


def statuses(least: int, most: int) -> Kind:
    """HTTP statuses."""

    def is_status(entry: str) -> bool:
        return re.fullmatch("[0-9]{3}", entry) is not None and least <= int(entry) <= most

    return items(is_status, f'HTTP statuses from {least} to {most} with commas, such as "404,503"')


def headers() -> Kind:
    """Names of headers."""
    return items(_full(_HEADER), 'names of headers with commas, such as "X-Powered-By,Server"')


def header() -> Kind:
    """The name of one header."""
    return Kind('the name of a header, such as "X-Forwarded-For"', _full(_HEADER))


def mime_types() -> Kind:
    """MIME types with spaces, or `*`."""

    def is_right(text: str) -> bool:
        return bool(text) and all(map(_full(_MIME_TYPE), text.split(" ")))

    def spelling(text: str) -> str:
        found = " ".join(re.split(r"[\s,;]+", text.strip(" ,;")))
        return found if is_right(found) else ""

    return Kind('MIME types with a space between, such as "text/css application/json", or "*"', is_right, spelling)


def map_sources() -> Kind:
    """What nginx' `map` compares with: texts, and regexes after `~`, or `~*` for those without regard to case."""

    def is_source(entry: str) -> bool:
        found = _MAP_SOURCE.fullmatch(entry)
        if found is None or entry in _WORDS_OF_MAP:
            return False
        try:
            re.compile(found[1] or "")
        except re.error:
            return False
        return True

    listed = items(is_source, "texts with commas, each once, or regexes without a comma after '~' or '~*'")

    def is_right(text: str) -> bool:
        entries = [entry.strip().lower() for entry in text.split(",")]
        return listed.is_right(text) and len(set(entries)) == len(entries)

    def spelling(text: str) -> str:
        found = listed.right_spelling(text)
        return found if is_right(found) else ""

    return Kind(listed.allowed, is_right, spelling)


def namespaced() -> Kind:
    """An object by its namespace and name."""
    return Kind('a namespace, "/" and a name, such as "webtier/headers"', _full(_NAMESPACED))


def url() -> Kind:
    """An HTTP URL."""

    def is_right(text: str) -> bool:
        return re.fullmatch(r"https?://[^\s;{}'\"\\]+", text) is not None and url_problem(text) is None

    return Kind('a whole URL, such as "https://auth.example.com/check"', is_right)


def host() -> Kind:
    """A host name or an address."""
    return Kind(
        'a host name or an IP address, such as "collector.monitoring.svc"',
        lambda text: is_address(text) or name_problem(text) is None,
    )


def log_file(*, more: str = "") -> Kind:
    """Where nginx writes a log to."""
    return matching(
        rf"/[A-Za-z0-9._/+@-]+|syslog:server=[A-Za-z0-9.:,=_\[\]/-]+{more}",
        'the path of a file, such as "/dev/stdout", or "syslog:server=" and an address',
    )


def _full(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None
