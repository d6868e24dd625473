"""Compiles the paths of one host to those of Ingress objects for ingress-nginx.

As soon as one location of a host needs a regular expression, ingress-nginx makes one of every location of that host:
case-insensitive, open at its end, and tried in the order of the length of their texts. `/ba` would then also take
`/banana` and `/BA/x`. So where one rule needs a regex all of its siblings are compiled to regexes that mean what the
rules mean:

* `(?-i:…)` switches case-insensitivity off for what it holds. The controller does not look at the characters of an
  ImplementationSpecific path, and quotes them for nginx, which hands them to PCRE.
* `\\z` is the end of the path; `$` would also be found before a final line feed.
* `(?:)` matches nothing, and makes a text as long as it must be for its place in the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.path_rules.model import ROOT, PathRule
from components.path_rules.options import RegexRewrite, StripPrefix

PathType = Literal["Prefix", "Exact", "ImplementationSpecific"]

_FILLER = "(?:)"
_STEP = 16
"""Texts are filled up to a multiple of it, so that a new rule seldom changes those of the others."""


@dataclass(frozen=True)
class CompiledPath:
    """A path as the controller takes it, what the backend is to see, and what it is told was there before."""

    path: str
    path_type: PathType
    rewrite_target: str | None = None
    forwarded_prefix: str | None = None

    @property
    def is_regex(self) -> bool:
        return self.path_type == "ImplementationSpecific"


def compile_paths(rules: Sequence[PathRule]) -> list[CompiledPath]:
    """The paths of all rules of one host, in the same order. `rules` include one for `/`."""
    if not any(map(_needs_regex, rules)):
        return [CompiledPath(rule.path, "Exact" if rule.match == "exact" else "Prefix") for rule in rules]
    texts = _in_order({position: (rule, _text(rule)) for position, rule in enumerate(rules)})
    return [_compiled(rule, texts[position]) for position, rule in enumerate(rules)]


def _needs_regex(rule: PathRule) -> bool:
    # Controllers of 2024 refuse a dot in a path of type Prefix or Exact; as a regex all take it. And `/` can't stand
    # both as Prefix and as Exact: they count as the same path in two objects.
    return rule.match == "regex" or rule.rewrite is not None or "." in rule.path or _is_exact_root(rule)


def _is_exact_root(rule: PathRule) -> bool:
    return rule.match == "exact" and rule.path == ROOT


def _text(rule: PathRule) -> str:
    if rule.match == "prefix" and rule.path == ROOT:
        return ROOT if rule.rewrite is None else "/((?s:.*))"
    inside = rule.path.removeprefix("/")
    if rule.match != "regex":
        inside = inside.replace(".", "[.]")
    # The first group begins with the slash, the second behind it.
    rest = r"((?:/((?s:.*)))?)" if rule.match == "prefix" else ""
    return f"/(?-i:{inside}){rest}\\z"


def _compiled(rule: PathRule, text: str) -> CompiledPath:
    # The strict check of the controller refuses regexes as Prefix, and wants `/` to be one.
    path_type: PathType = "Prefix" if text == ROOT else "ImplementationSpecific"
    match rule.rewrite:
        case None:
            return CompiledPath(text, path_type)
        case RegexRewrite(to=to):
            return CompiledPath(text, path_type, to)
        case StripPrefix():
            replacement = ""
        case other:
            replacement = "" if other.replacement == ROOT else other.replacement
    if rule.match == "exact":
        target = replacement or ROOT
    elif rule.path == ROOT:
        target = f"{replacement}/$1"
    else:
        target = f"{replacement}$1" if replacement else "/$2"
    return CompiledPath(text, path_type, target, rule.path)


def _in_order(texts: Mapping[int, tuple[PathRule, str]]) -> dict[int, str]:
    """The texts, filled up so that the longest is that of the rule that comes first."""
    filled: dict[int, str] = {}
    longest_below = 0
    for match in ("prefix", "regex", "exact"):
        tier = [position for position, (rule, _) in texts.items() if rule.match == match]
        least = min((len(texts[position][1]) for position in tier), default=longest_below + 1)
        # All of a kind by the same length, so that their own order stays.
        missing = 0 if least > longest_below else -(-(longest_below + 1) // _STEP) * _STEP - least
        for position in tier:
            text = texts[position][1]
            filled[position] = (
                text.removesuffix(r"\z") + _FILLER * -(-missing // len(_FILLER)) + r"\z" if missing else text
            )
        longest_below = max((longest_below, *(len(filled[position]) for position in tier)))
    return filled
