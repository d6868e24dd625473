"""Compiles the paths of rules to those of Ingress objects for ingress-nginx.

As soon as one location of a host needs a regular expression, ingress-nginx makes one of every location of that host:
case-insensitive, open at its end, and tried in the order of the length of their texts. `/ba` would then also take
`/banana` and `/BA/x`, and while a host becomes such a one object by object, it does. So every path but `/` is a regex
from the beginning, which means what its rule means beside any others:

* `(?-i:…)` switches case-insensitivity off for what it holds. The controller does not look at the characters of an
  ImplementationSpecific path, and quotes them for nginx, which hands them to PCRE. With an `s`, for regexes, `.` is a
  line feed too.
* `\\z` is the end of the path; `$` would also be found before a final line feed.
* `(?#…)` matches nothing, and makes a text as long as it must be for its place in the order. How long depends on the
  rule alone, so that no rule's text ever changes because of another.
* With a canary a rule has another text than without, of the same length. The controller ties a canary to its rule by
  host and text, and so never for a moment to one that has just lost it, whose Service other rules share.

The order, from the longest: exact rules with an object of their own, regexes, prefixes, `/`. Prefixes of which one is
within the other are in the right order by themselves, as they are in the same form; and with an object of its own a
rule comes before the same one in an object that it shares (`ingress/render.py`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from webtier.path_rules.ingress.alternatives import in_chunks
from webtier.path_rules.rules.field_types import LONGEST_COMPILED_PATH
from webtier.path_rules.rules.model import ROOT, PathRule, is_root
from webtier.path_rules.rules.options import RegexRewrite, ServiceRef, StripPrefix

PathType = Literal["Prefix", "Exact", "ImplementationSpecific"]

_REST = r"((?:/((?s:.*)))?)"
"""What a prefix may be followed by. The first group begins with the slash, the second behind it."""

_REST_BESIDE_A_CANARY = r"((?:/((?s:.*))|))"
"""The same paths and groups, in as many characters."""

LONGEST_PREFIX = LONGEST_COMPILED_PATH + len(r"/(?-i:)" + _REST + r"\z")
"""Characters of the longest text of a prefix; each regex' is longer."""

_LONGEST_REGEX = 470

LONGEST_TOGETHER = 2000
"""Characters of a text that stands for several rules. nginx takes words of up to 4095 (`ngx_conf_file.c`)."""

TOGETHER_FROM = 32
"""So many rules of a host with one backend are put together in regexes. Fewer are easier to read, each by itself."""


@dataclass(frozen=True)
class CompiledPath:
    """A path as the controller takes it, and where its requests go."""

    path: str
    path_type: PathType
    backend: ServiceRef


def path_type(text: str) -> PathType:
    """The strict check of the controller refuses regexes as Prefix, and wants `/` to be one."""
    return "Prefix" if text == ROOT else "ImplementationSpecific"


def shared_paths(rules: Sequence[PathRule], own: Sequence[PathRule], copy: Literal[0, 1, 2] = 0) -> list[CompiledPath]:
    """The paths of rules that say nothing of their own, all of one host, and none of them for `/`.

    `own` are the rules of the host that have an object of their own. Objects that name the same rule are told from each
    other by `copy`, since the controller's webhook refuses the same text in two.
    """
    mark = f"(?#{copy})" if copy else ""
    regexes = any(rule.match == "regex" for rule in own)
    longest = LONGEST_PREFIX - len(mark) if regexes else LONGEST_TOGETHER
    outer = _with_others_within(rules, own)
    found: list[CompiledPath] = []
    leaves = [rule for rule in rules if rule.path not in outer or rule.match == "exact"]
    for _, given in groupby(sorted(leaves, key=_backend_and_match), key=_backend_and_match):
        alike = list(given)
        found += _together(alike, longest, mark) if len(alike) >= TOGETHER_FROM else _each(alike, mark)
    found += _each([rule for rule in rules if rule.path in outer and rule.match != "exact"], mark)
    return sorted(found, key=lambda each: (-len(each.path), each.path))


def _backend_and_match(rule: PathRule) -> tuple[tuple[str, str], str]:
    backend = _backend(rule)
    return (backend.service, backend.port or ""), rule.match


def _backend(rule: PathRule) -> ServiceRef:
    if rule.backend is None:
        raise ValueError(f"the rule for {rule.path} has no backend, and so needs an object of its own")
    return rule.backend


def _with_others_within(rules: Sequence[PathRule], own: Sequence[PathRule]) -> set[str]:
    """The paths that others of the same host are within: they have to come after those, and so in a text of their own.

    A regex comes before all prefixes, whatever these are put into, since that is never longer than LONGEST_PREFIX then.
    """
    found: set[str] = set()
    for rule in (*rules, *(rule for rule in own if rule.match != "regex")):
        found.update(ancestors(rule.path))
        if rule.match == "exact":
            found.add(rule.path)
    return found


def ancestors(path: str) -> list[str]:
    """The paths that a path is within, but for itself and `/`: `/a` and `/a/b` for `/a/b/c`."""
    segments = path.split("/")
    return ["/".join(segments[:count]) for count in range(2, len(segments))]


def _each(rules: Collection[PathRule], mark: str) -> list[CompiledPath]:
    return [_shared(rule, _inside(rule.path), mark) for rule in rules]


def _together(rules: Sequence[PathRule], longest: int, mark: str) -> list[CompiledPath]:
    room = longest - len(_shared_text(rules[0].match, "", mark))
    return [_shared(rules[0], chunk, mark) for chunk in in_chunks((_inside(rule.path) for rule in rules), room)]


def _shared(rule: PathRule, inside: str, mark: str) -> CompiledPath:
    return CompiledPath(_shared_text(rule.match, inside, mark), "ImplementationSpecific", _backend(rule))


def _shared_text(match: str, inside: str, mark: str) -> str:
    end = r"\z(?#exactly)" if match == "exact" else r"(?:/|\z)"
    return f"/(?-i:{inside}){end}{mark}"


def _inside(path: str) -> str:
    return path.removeprefix("/").replace(".", "[.]")


def own_text(rule: PathRule) -> str:
    """The text of the path of a rule that has an object of its own."""
    match rule.match:
        case "regex":
            text = f"/(?s-i:{rule.path.removeprefix('/')})\\z"
            return text + _filler("regex beside a canary" if rule.canary else "regex", LONGEST_PREFIX)
        case "exact":
            text = f"/(?-i:{_inside(rule.path)})\\z"
            return text + _filler("exact beside a canary" if rule.canary else "exact", _LONGEST_REGEX)
        case "prefix":
            if rule.path == ROOT:
                return _root_text(rule)
            return f"/(?-i:{_inside(rule.path)}){_REST_BESIDE_A_CANARY if rule.canary else _REST}\\z"


def _root_text(rule: PathRule) -> str:
    if rule.rewrite is None:
        return "/(?#canary)" if rule.canary else ROOT
    return "/((?s).*)" if rule.canary else "/((?s:.*))"


def _filler(kind: str, beyond: int) -> str:
    """A comment that makes the shortest of texts longer than so many characters."""
    shortest = len(r"/(?-i:)\z(?#)")
    return f"(?#{kind.ljust(beyond + 1 - shortest, '-')})"


def forwarded_prefix(rule: PathRule) -> str | None:
    """The prefix that the backend is told its path has lost."""
    return None if rule.rewrite is None or isinstance(rule.rewrite, RegexRewrite) else rule.path


def rewrite_target(rule: PathRule) -> str | None:
    """What the backend sees, by the groups of the rule's own text; None for what the client asked for."""
    match rule.rewrite:
        case None:
            return None
        case RegexRewrite(to=to):
            return to
        case StripPrefix():
            replacement = ""
        case other:
            replacement = "" if other.replacement == ROOT else other.replacement
    if rule.match == "exact":
        return replacement or ROOT
    if is_root(rule):
        return f"{replacement}/$1"
    return f"{replacement}$1" if replacement else "/$2"
