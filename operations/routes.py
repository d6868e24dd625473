"""`python -m operations.routes STACK`: the stack's path rules in the order of comparison, without a cluster.

With `--url` it says which rule a request hits, why not an earlier one, and what the backend sees: for the host of the
URL, or for each host where it is only a path.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import count
from textwrap import indent

import idna

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from environment.settings.raw_config import RawConfig
from operations.checked_settings import checked_settings
from operations.scratch_stack import scratch_stack
from operations.stacks import check_known, settings_file
from webtier.path_rules import RuleSet
from webtier.path_rules.rules.explanation import HostTable, explain, tables
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.request import Request
from webtier.path_rules.rules.semantics import responsible_host, www_partner_of

_URL = re.compile(
    r"(?P<scheme>https?)://([^/?#\r\n]*@)?"
    # An address of IPv6 in brackets, or any other host, and a port.
    r"(?P<host>(\[[0-9A-Fa-f:.]+\]|[^/?#\[\]:@\r\n]*)(:[0-9]*)?)"
    # A line's end is no part of any URL. What stands behind '#' is the client's own.
    r"(?P<target>([/?][^#\r\n]*)?)(#[^\r\n]*)?",
    re.IGNORECASE,
)


def rules_of(stack: str) -> RuleSet:
    """The rules in a stack's settings file. UserError with the whole report when any setting is wrong."""
    check_known(stack)
    paths = Paths.from_environment()
    found = pulumi_installation.ensure_cli(paths, Progress())
    with scratch_stack(stack, pulumi_installation.variables(found, paths)) as scratch:
        return rules_in(scratch.read(settings_file(stack)), stack)


def rules_in(raw: RawConfig, stack: str) -> RuleSet:
    """The rules in what the engine has read. UserError with the whole report when any setting is wrong."""
    settings = checked_settings(raw, stack)
    return RuleSet.of(settings.routes, settings.hosts, settings.default_backend, settings.routing)


def request_for(url: str, method: str, headers: Sequence[str], cookies: Sequence[str]) -> Request:
    """What a client sends that is given this URL and changes nothing of it: all but its fragment, user and password.

    A name with letters beyond ASCII is sent as browsers do, as RFC 5891 says. UserError for what is no URL, header
    (`name: value`) or cookie (`name=value`).
    """
    parts = _URL.fullmatch(url)
    host = None if parts is None else _sent_host(parts["host"])
    if parts is None or host is None:
        raise UserError(f"URL is '{url}'. Allowed: a whole URL, such as http://shop.example.com/user/a.")
    target = parts["target"] if parts["target"].startswith("/") else f"/{parts['target']}"
    return Request(
        # A command's arguments are bytes, which need not be UTF-8. Spaces before the version are no part of a target.
        target=target.rstrip(" ").encode("utf-8", "surrogateescape").decode("latin-1"),
        host=host,
        method=method.upper(),
        https=parts["scheme"].lower() == "https",
        headers={name.lower(): value for name, value in _pairs("HEADER", headers, ":", "X-Canary: always")},
        cookies=dict(_pairs("COOKIE", cookies, "=", "canary=always")),
    )


def _sent_host(host: str) -> str | None:
    """The header `Host` for a URL's host and port; None for what can't be one."""
    if host.isascii():
        return host
    name, colon, port = host.partition(":")
    try:
        # Browsers encode what this leaves, also signs that IDNA 2008 has no place for, such as '_' and emoji.
        labels = idna.uts46_remap(name, std3_rules=False).split(".")
        return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels) + (
            colon + port
        )
    except (idna.IDNAError, UnicodeError):
        return None


def _pairs(name: str, texts: Iterable[str], sign: str, example: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for text in texts:
        key, separator, value = text.partition(sign)
        if not separator or not key.strip():
            raise UserError(f"{name} is '{text}'. Allowed: text such as '{example}'.")
        found.append((key.strip(), value.strip()))
    return found


def render_tables(rules: RuleSet) -> str:
    """All rules, one table a host."""
    return "\n\n".join(_rendered(table) for table in tables(rules))


def _rendered(table: HostTable) -> str:
    rows = [(row.place, row.match, row.path, f"-> {row.goes_to}", row.rewrite) for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [table.host, *(f"  ({note})" for note in table.notes)]
    for row, cells in zip(table.rows, rows, strict=True):
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines += [f"  {line.rstrip()}", *(f"  {' ' * widths[0]}  {option}" for option in row.options)]
    return "\n".join(lines)


def render_explanation(rules: RuleSet, request: Request) -> str:
    """How the answer to a request comes about, a line a step."""
    return "\n".join(f"{label:<7} {sentence}" for label, sentence in explain(rules, request))


def render_explanations(rules: RuleSet, path: str, method: str, headers: Sequence[str], cookies: Sequence[str]) -> str:
    """The same for a path at each host of the rules, and at one that no rule names."""
    parts: list[str] = []
    for table, host in zip(tables(rules), [*rules.host_names[1:], None], strict=True):
        name = _name_for(rules, host)
        request = request_for(f"http://{name}{path}", method, headers, cookies)
        heading = name if name == table.host else f"{table.host}, such as {name}"
        parts.append(f"{heading}\n{indent(render_explanation(rules, request), '  ')}")
    return "\n\n".join(parts)


def _name_for(rules: RuleSet, host: str | None) -> str:
    """A name that the rules of this host alone are for; None stands for every host that has none."""
    if host is not None and not host.startswith(WILDCARD):
        return host
    numbers = (number or "" for number in count())
    names = (f"any.example{each}" if host is None else f"any{each}.{host.removeprefix(WILDCARD)}" for each in numbers)
    return next(name for name in names if responsible_host(rules, name) == host and www_partner_of(rules, name) is None)


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations.routes", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--url", default="")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--cookie", action="append", default=[])
    given = parser.parse_args()

    def run() -> None:
        rules = rules_of(given.stack)
        if given.url.startswith("/"):
            print(render_explanations(rules, given.url, given.method, given.header, given.cookie))
        elif given.url:
            print(render_explanation(rules, request_for(given.url, given.method, given.header, given.cookie)))
        else:
            print(f"The routes of the stack '{given.stack}', in the order in which a request is compared with them:\n")
            print(render_tables(rules))

    return run_command(run, f"make routes STACK={given.stack}")


if __name__ == "__main__":
    sys.exit(main())
