"""Which URLs a change of rules answers otherwise, told by the rules' own semantics, so that no cluster is asked.

URLs are tried that lie at the edges of every rule of before and of after: its own path, one below it, and one that only
begins like it. What a regex is for is told by examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webtier.path_rules import PathRule, RuleSet
from webtier.path_rules.regexes.path_sets import Paths
from webtier.path_rules.rules.explanation import explain
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.request import Request, escaped
from webtier.path_rules.rules.semantics import matches, responsible_host

_ANY_HOST = "any.example"
_DEFAULT = "default_backend"
_ON_THE_WAY = ("host", "path", "no", "hit")
"""Labels of how a rule is found: what is left is how it answers, with every option of it."""


@dataclass(frozen=True)
class ChangedAnswer:
    """A URL, by which rule it is answered and how, before and after; `others` more URLs change in the same way."""

    url: str
    old_rule: str
    old: str
    new_rule: str
    new: str
    others: int = 0

    def __str__(self) -> str:
        more = f" (and {self.others} like it)" if self.others else ""
        return f"{self.url}{more}: {self.old}, by {self.old_rule} → {self.new}, by {self.new_rule}"


def changed_answers(before: RuleSet, after: RuleSet) -> Iterator[ChangedAnswer]:
    """By host and path; of those that the same two rules answer only the first is told, with the number of others."""
    hosts = sorted({*before.host_names, *after.host_names}, key=lambda host: host or "")
    for host in hosts:
        found: dict[tuple[str, str], list[ChangedAnswer]] = {}
        for each in _of_host(host, before, after):
            found.setdefault((each.old_rule, each.new_rule), []).append(each)
        for first, *others in found.values():
            yield ChangedAnswer(first.url, first.old_rule, first.old, first.new_rule, first.new, len(others))


def _of_host(host: str | None, before: RuleSet, after: RuleSet) -> Iterator[ChangedAnswer]:
    name = _ANY_HOST if host is None else host.replace(WILDCARD, "any.", 1)
    rules = [*before.on(host).values(), *after.on(host).values()]
    # A request never sees rules of other hosts, but for a host that comes or goes those of whoever else is responsible.
    rules += [*before.on(responsible_host(before, name)).values(), *after.on(responsible_host(after, name)).values()]
    https = any(given.settings(host).redirects_to_https for given in (before, after))
    for path in sorted({"/", *(path for rule in rules for path in _paths(rule))}):
        request = Request(escaped(path), name, https=https)
        (old_rule, old), (new_rule, new) = _told(before, request), _told(after, request)
        if old != new:
            yield ChangedAnswer(f"{name}{request.target}", old_rule, old, new_rule, new)


def _paths(rule: PathRule) -> Iterator[str]:
    match rule.match:
        case "regex":
            yield from Paths(rule.path).examples
        case "exact":
            yield from (rule.path, f"{rule.path}x")
        case "prefix":
            stem = rule.path.removesuffix("/")
            yield from (rule.path, f"{stem}/x", f"{stem}x")


def _told(rules: RuleSet, request: Request) -> tuple[str, str]:
    """The rule that a request hits, and the sentences about its answer."""
    host = responsible_host(rules, request.name)
    hit = next((rule for _, rule in rules.ordered(host) if matches(rule, request.path)), None)
    by = _DEFAULT if hit is None else f"{hit.match} {hit.path}"
    return by, "; ".join(sentence for label, sentence in explain(rules, request) if label not in _ON_THE_WAY)
