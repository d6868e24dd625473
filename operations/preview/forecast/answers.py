"""Which URLs a change of rules answers otherwise, told by the rules' own semantics, so that no cluster is asked.

URLs are tried that lie at the edges of every rule of before and of after: its own path, one below it, and one that only
begins like it. What a regex is for is told by examples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from webtier.path_rules import PathRule, RuleSet
from webtier.path_rules.regexes.path_sets import Paths
from webtier.path_rules.rules.explanation import explain
from webtier.path_rules.rules.hosts import WILDCARD
from webtier.path_rules.rules.request import Refused, Request, escaped, readable
from webtier.path_rules.rules.semantics import (
    Answered,
    Redirected,
    Served,
    answer_to,
    matches,
    responsible_host,
)

_ANY_HOST = "any.example"
_DEFAULT = "default_backend"
_ON_THE_WAY = ("host", "path", "no", "hit")
"""Labels of how a rule is found: what is left is how it answers, with every option of it."""
_MOST_ALIKE = 3
_BELOW = "…"
_NO_RULE = "since no rule is for it"


@dataclass(frozen=True)
class Told:
    """How a URL is answered: first by which service, or what else the answer is, and then what else is to be said."""

    who: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangedAnswer:
    """A URL, by which rule it is answered and how, before and after; `others` more URLs change in the same way.

    `host` is empty for every host that has no rules of its own. `alike` are the paths of the URL and of those others,
    `/pay/…` for those below one. `before` and `after` are what of the answers is not the same.
    """

    url: str
    old_rule: str
    old: str
    new_rule: str
    new: str
    others: int = 0
    host: str = ""
    alike: tuple[str, ...] = ()
    before: Told = Told("")
    after: Told = Told("")

    @property
    def place(self) -> tuple[str, str]:
        """The URL with those like it, and in words which host they are of where it is no certain one."""
        paths = ", ".join(self.alike[:_MOST_ALIKE])
        more = f" and {len(self.alike) - _MOST_ALIKE} more" if len(self.alike) > _MOST_ALIKE else ""
        return f"{self.host}{paths}", f"{more}{'' if self.host else ' on every other host'}"

    @property
    def is_by_another(self) -> bool:
        """Whether another service answers, or something else than a service."""
        return self.before.who != self.after.who


@dataclass(frozen=True)
class _Answer:
    """`said` are all sentences about it, and `told` the same in parts."""

    rule: str
    said: str
    told: Told


def changed_answers(before: RuleSet, after: RuleSet) -> Iterator[ChangedAnswer]:
    """By host and path; of those that the same two rules answer only the first is told, with the number of others."""
    hosts = sorted({*before.host_names, *after.host_names}, key=lambda host: host or "")
    for host in hosts:
        found: dict[tuple[str, str], list[ChangedAnswer]] = {}
        for each in _of_host(host, before, after):
            found.setdefault((each.old_rule, each.new_rule), []).append(each)
        for first, *others in found.values():
            alike = tuple(dict.fromkeys(path for each in (first, *others) for path in each.alike))
            yield replace(first, others=len(others), alike=alike)


def _of_host(host: str | None, before: RuleSet, after: RuleSet) -> Iterator[ChangedAnswer]:
    name = _ANY_HOST if host is None else host.replace(WILDCARD, "any.", 1)
    rules = [*before.on(host).values(), *after.on(host).values()]
    # A request never sees rules of other hosts, but for a host that comes or goes those of whoever else is responsible.
    rules += [*before.on(responsible_host(before, name)).values(), *after.on(responsible_host(after, name)).values()]
    https = any(given.settings(host).redirects_to_https for given in (before, after))
    shown = {path: words for rule in rules for path, words in _paths(rule)}
    # A path that is a rule's own stands for itself.
    shown |= {"/": "/", **{rule.path: rule.path for rule in rules if rule.match != "regex"}}
    for path, words in sorted(shown.items()):
        request = Request(escaped(path), name, https=https)
        old, new = _told(before, request), _told(after, request)
        if old.said != new.said:
            yield ChangedAnswer(
                f"{name}{request.target}",
                old.rule,
                old.said,
                new.rule,
                new.said,
                host=host or "",
                alike=(escaped(words.removesuffix(_BELOW)) + (_BELOW if words.endswith(_BELOW) else ""),),
                before=_differing(old, new, _NO_RULE),
                after=_differing(new, old, f"{_NO_RULE} any more"),
            )


def _paths(rule: PathRule) -> Iterator[tuple[str, str]]:
    """Each path with what people read in its place."""
    match rule.match:
        case "regex":
            yield from ((path, path) for path in Paths(rule.path).examples)
        case "exact":
            yield from ((path, path) for path in (rule.path, f"{rule.path}x"))
        case "prefix":
            stem = rule.path.removesuffix("/")
            yield from ((rule.path, rule.path), (f"{stem}/x", f"{stem}/{_BELOW}"))
            if stem:
                yield f"{stem}x", f"{stem}x"


def _told(rules: RuleSet, request: Request) -> _Answer:
    """The rule that a request hits, and how it is answered."""
    host = responsible_host(rules, request.name)
    hit = next((rule for _, rule in rules.ordered(host) if matches(rule, request.path)), None)
    by = _DEFAULT if hit is None else f"{hit.match} {hit.path}"
    sentences = [(label, said) for label, said in explain(rules, request) if label not in _ON_THE_WAY]
    options = [said for label, said in sentences if label != "answer"]
    by_rule = _NO_RULE if hit is None else f"by the {hit.match} rule {hit.path}"
    match answer_to(rules, request):
        case Served(backend=backend) if not backend.service:
            told = Told("nothing", (by_rule,))
        case Served(backend=backend, path=path, forwarded_prefix=prefix):
            with_prefix = [] if prefix is None else [f"with X-Forwarded-Prefix: {prefix}"]
            by_default = [f"as {_DEFAULT}"] if hit is None else []
            details = (f"asked for {readable(path)}", *with_prefix, *options, *by_default, by_rule)
            told = Told(backend.described, details)
        case Answered() | Redirected(why="rule" | "https"):
            told = Told(_answer_in(sentences), (*options, by_rule))
        case Redirected() | Refused():
            # No rule is looked at.
            told = Told(_answer_in(sentences), tuple(options))
    return _Answer(by, "; ".join(said for _, said in sentences), told)


def _answer_in(sentences: Sequence[tuple[str, str]]) -> str:
    return next(said for label, said in sentences if label == "answer")


def _differing(answer: _Answer, other: _Answer, no_rule: str) -> Told:
    """What of an answer is not the same in the other one; `no_rule` is said where it comes from no rule."""
    details = (each for each in answer.told.details if each not in other.told.details)
    return Told(answer.told.who, tuple(no_rule if each == _NO_RULE else each for each in details))
