"""`python -m operations.routes STACK`: the stack's path rules in the order of comparison, without a cluster.

With `--url` it says which rule a request hits, why not an earlier one, and what the backend sees.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import yaml

from components.path_rules import RuleSet
from components.path_rules.explanation import HostTable, explain, tables
from components.path_rules.meaning import Request, normalized
from devcluster.console import run_command
from devcluster.errors import UserError
from environment.loading import parse_settings
from environment.plain_data import as_object, value_at
from environment.raw_config import RawConfig
from environment.report import SettingsError
from environment.schema import SettingsSchema
from environment.settings import EnvironmentSettings
from operations.local import PROJECT
from operations.stacks import check_known

_NAMESPACE = "webtier"
_PASSWORD = "redis_password"  # noqa: S105 - a key's name
_OF_THE_MACHINE = ("kubeconfig", "redis_password_file")


def rules_of(stack: str) -> RuleSet:
    """The rules in a stack's settings file. UserError with the whole report when any setting is wrong."""
    check_known(stack)
    prefix = f"{_NAMESPACE}:"
    config = as_object(value_at(yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text()), "config")) or {}
    own = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    # Routes depend on no secret, and on nothing of this machine.
    others = {*_OF_THE_MACHINE, *SettingsSchema(EnvironmentSettings).secret_keys()}
    values = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items() if key not in others
    }
    values[_PASSWORD] = "of-no-importance-here"
    try:
        settings = parse_settings(RawConfig(_NAMESPACE, values, frozenset({_PASSWORD})), stack, {})
    except SettingsError as error:
        raise UserError(str(error)) from None
    return RuleSet(
        dict(enumerate(settings.routes)),
        settings.hosts,
        settings.default_backend,
        deep_wildcards=settings.routing.deep_wildcards,
        www_keeps_slash=settings.routing.www_keeps_slash,
    )


def request_for(url: str, method: str, headers: Sequence[str], cookies: Sequence[str]) -> Request:
    """A client's request. UserError for what is no URL, header (`name: value`) or cookie (`name=value`)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"URL is '{url}'. Allowed: a whole URL, such as http://shop.example.com/user/a.")
    return Request(
        path=normalized(parts.path),
        host=parts.hostname,
        method=method.upper(),
        https=parts.scheme == "https",
        headers={name.lower(): value for name, value in _pairs("HEADER", headers, ":", "X-Canary: always")},
        cookies=dict(_pairs("COOKIE", cookies, "=", "canary=always")),
    )


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
    return "\n".join(f"{label:<7} {sentence}" for label, sentence in explain(rules, request).steps)


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
        if given.url:
            print(render_explanation(rules, request_for(given.url, given.method, given.header, given.cookie)))
            return
        print(f"The routes of the stack '{given.stack}', in the order in which a request is compared with them:\n")
        print(render_tables(rules))

    return run_command(run, f"make routes STACK={given.stack}")


if __name__ == "__main__":
    sys.exit(main())
