"""The kinds of values that options of the controller's ConfigMap have, each with the right spelling of a wrong one.

All values of a ConfigMap are text. The controller turns some into numbers and booleans, drops what it can't, with a
line in its log, and puts others into nginx.conf as they are, where nginx refuses the whole file. Here they are held to
what both take. The syntax of sizes and times is nginx' own (https://nginx.org/en/docs/syntax.html).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from webtier.shared.addresses import is_address, is_network, name_problem, nearest_network, url_problem

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kKmMgG]?)(?:i?[bB]|i|)")
_SPOKEN_TIME = re.compile(r"([0-9]+) *(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
# Behind a backslash nginx takes some characters for others before PCRE sees them.
_MAP_SOURCE = re.compile(r"(?:~\*?((?:[^\s;{}'\"\\]|\\[^\s;{}'\"\\tnr])+)|[^~\s;{}'\"\\][^\s;{}'\"\\]*)")
_WORDS_OF_MAP = ("default", "hostnames", "include", "volatile")


def _nothing_nearer(_: str) -> str:
    return ""


def _full(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


@dataclass(frozen=True)
class Kind:
    """`allowed` in words, whether a text is so, and the right spelling of a wrong text, empty where none is near."""

    allowed: str
    is_right: Callable[[str], bool]
    right_spelling: Callable[[str], str] = _nothing_nearer


def matching(pattern: str, allowed: str, right_spelling: Callable[[str], str] = _nothing_nearer) -> Kind:
    """Text that a regular expression describes as a whole."""
    return Kind(allowed, _full(pattern), right_spelling)


def one_of(*words: str) -> Kind:
    """One of these words."""
    by_lower = {word.lower(): word for word in words}
    allowed = "one of " + ", ".join(f'"{word}"' for word in words)
    return Kind(allowed, lambda text: text in words, lambda text: by_lower.get(text.strip().lower(), ""))


def _two_words(yes: str, no: str, allowed: str) -> Kind:
    meant = {
        **dict.fromkeys(("true", "yes", "on", "1", "t", "y", "enabled", "enable"), yes),
        **dict.fromkeys(("false", "no", "off", "0", "f", "n", "disabled", "disable"), no),
    }
    return Kind(allowed, lambda text: text in (yes, no), lambda text: meant.get(text.strip().lower(), ""))


SWITCH = _two_words("true", "false", '"true" or "false"')
ON_OFF = _two_words("on", "off", 'one of "on", "off"')


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


def size(letters: str = "km") -> Kind:
    """Bytes, or with one of the letters 1024, 1024² or 1024³ of them."""

    def spelling(text: str) -> str:
        found = _AMOUNT.fullmatch(text.strip())
        if found is None:
            return ""
        amount, letter = Decimal(found[1]), found[2].lower()
        while letter and (amount % 1 != 0 or letter not in letters):
            amount, letter = amount * 1024, {"g": "m", "m": "k", "k": ""}[letter]
        return f"{int(amount)}{letter}" if amount % 1 == 0 else ""

    units = ", ".join(f"'{letter}'" for letter in letters[:-1]) + f" or '{letters[-1]}'"
    allowed = f'a size of nginx, a number and {units} or nothing for bytes, such as "8m"'
    return matching(f"[0-9]+[{letters}{letters.upper()}]?", allowed, spelling)


def _spoken_time(text: str) -> str:
    spoken = _SPOKEN_TIME.fullmatch(text.strip().lower())
    return f"{spoken[1]}{spoken[2][0]}" if spoken else ""


def _with_seconds(text: str) -> str:
    number = re.fullmatch(r"([0-9]+) *(s|secs?|seconds?|)", text.strip())
    return f"{number[1]}s" if number else ""


TIME = matching(
    r"[0-9]+|([0-9]+(ms|[smhdwMy]) *)+", 'a time of nginx such as "30s", "10m", "1h" or "1h 30m"', _spoken_time
)
"""A time of nginx: `10m`, `1h 30m`, a number alone being seconds."""

DURATION = matching(
    r"([0-9]+(\.[0-9]+)?(ms|us|ns|[smh]))+", 'a number with a unit, such as "5s" or "500ms"', _with_seconds
)
"""A duration of Go, which needs a unit."""


def items(
    is_item: Callable[[str], bool],
    allowed: str,
    meant: Callable[[str], str] = _nothing_nearer,
    *,
    sign: str = ",",
    once: bool = False,
) -> Kind:
    """A list with commas, around which may be spaces, or with a single space between its entries.

    `meant` is the right spelling of an entry. With `once` none may be there twice, in whatever case.
    """

    def is_right(text: str) -> bool:
        entries = [entry.strip() if sign == "," else entry for entry in text.split(sign)]
        are_different = len({entry.lower() for entry in entries}) == len(entries)
        return all(map(is_item, entries)) and (are_different or not once)

    def spelling(text: str) -> str:
        entries = (entry.strip("'\"[]") for entry in re.split(r"[\s,;]+", text))
        found = sign.join(entry if is_item(entry) else meant(entry) for entry in entries if entry)
        return found if is_right(found) else ""

    return Kind(allowed, is_right, spelling)


def words(known: str, example: str) -> Kind:
    """Some of these words, with a space between."""
    by_lower = {word.lower(): word for word in known.split()}
    return items(
        lambda word: word in by_lower.values(),
        f'some of {known}, with a space between, such as "{example}"',
        lambda word: by_lower.get(word.lower(), ""),
        sign=" ",
    )


NETWORKS = items(
    is_network, 'addresses and networks (CIDR) with commas, such as "10.0.0.0/8,192.0.2.7"', nearest_network
)
ADDRESSES = items(is_address, 'IP addresses with commas, such as "192.0.2.7,fd00::7"')
STATUSES = items(_full("[3-5][0-9]{2}"), 'HTTP statuses from 300 to 599 with commas, such as "404,503"')

_HEADER = "[A-Za-z0-9][A-Za-z0-9_-]*"
HEADER = matching(_HEADER, 'the name of a header, such as "X-Forwarded-For"')
HEADERS = items(_full(_HEADER), 'names of headers with commas, such as "X-Powered-By,Server"')

MIME_TYPES = items(
    _full(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+*-]+|\*"),
    'MIME types with a space between, such as "text/css application/json", or "*"',
    sign=" ",
)


def _is_map_source(entry: str) -> bool:
    found = _MAP_SOURCE.fullmatch(entry)
    if found is None or entry in _WORDS_OF_MAP:
        return False
    try:
        re.compile(found[1] or "")
    except re.error:
        return False
    return True


MAP_SOURCES = items(
    _is_map_source, "texts with commas, each once, or regexes without a comma after '~' or '~*'", once=True
)
"""What nginx' `map` compares with: texts, and regexes after `~`, or `~*` for those without regard to case."""

NAMESPACED = matching(
    "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
    'a namespace, "/" and a name, such as "webtier/headers"',
)
HOST = Kind(
    'a host name or an IP address, such as "collector.monitoring.svc"',
    lambda text: is_address(text) or name_problem(text) is None,
)

_is_web_address = _full(r"https?://[^\s;{}'\"\\]+")
URL = Kind(
    'a whole URL, such as "https://auth.example.com/check"',
    lambda text: _is_web_address(text) and url_problem(text) is None,
)

_LOG = r"/[A-Za-z0-9._/+@-]+|syslog:server=[A-Za-z0-9.:,=_\[\]/-]+"
_LOG_ALLOWED = 'the path of a file, such as "/dev/stdout", or "syslog:server=" and an address'
ACCESS_LOG, ERROR_LOG = matching(_LOG, _LOG_ALLOWED), matching(f"{_LOG}|stderr", _LOG_ALLOWED)
