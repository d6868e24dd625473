"""Compiles rules to Ingress objects for ingress-nginx, such that each state between two sets of rules is right too.

The controller serves whatever objects there are, at any moment of an update. So that every request is answered as
before it or as after it, and never otherwise (docs/adr/rules-as-objects.md):

* The rules of a host that say nothing of their own are in one object, which changes as a whole, together with what
  answers all other paths. A rule with options of its own has an object of its own, since most of what a rule says is an
  annotation, which holds for all paths of an object, and since the controller counts a rate limit by object.
* No object's text depends on another's (`ingress/paths.py`).
* Objects are sent in the order of precedence, the first first, the shared one after all others, and taken away in the
  opposite one. Then what answers a request is at any moment either what comes first in the old rules or in the new.
* For that no rule of the shared object may come before one with an object of its own: such a rule has one too.

The host and the path, which alone an object is named after, are what `check_rules` refuses to see in two rules, so that
a new object never stands in the old one's way. A name that were derived from anything else, such as the backend or the
options, would have the controller refuse the change of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pulumi_kubernetes.networking.v1 import IngressTLSArgs

from webtier.path_rules.ingress.annotations import (
    canary_annotations,
    host_annotations,
    https_annotations,
    rule_annotations,
    shared_annotations,
)
from webtier.path_rules.ingress.paths import CompiledPath, ancestors, own_text, path_type, shared_paths
from webtier.path_rules.regexes.syntax import as_python
from webtier.path_rules.rules.hosts import WILDCARD, HostSettings, tls_secret, wildcard_of, www_partner
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet, is_root
from webtier.path_rules.rules.object_names import object_name, rule_object_name
from webtier.path_rules.rules.options import ServiceRef


@dataclass(frozen=True)
class CompiledIngress:
    """One Ingress object, all but its namespace and class.

    `rule` is the position of the rule that it is for, None for the default backend; `shared` are those of the rules
    that share it. `by_port_name` is how it names its backends' ports: the controller keeps what it knows of canaries
    and cookies by Service and port as they are written, so rules that have any of it write it differently from those
    that have none, and leave them alone. `root` is the name of the host's object for `/`, itself included; `primary` of
    the one that it is a canary for. `after` are the names of the objects that have to be sent before it. `error_pages`
    is the web service that the annotation DEFAULT_BACKEND has to name.
    """

    name: str
    host: str | None
    paths: Sequence[CompiledPath]
    by_port_name: bool
    annotations: Mapping[str, str]
    root: str
    rule: int | None
    shared: Sequence[int] = ()
    after: Sequence[str] = ()
    error_pages: str | None = None
    primary: str | None = None
    tls: IngressTLSArgs | None = None

    @property
    def is_root(self) -> bool:
        """Whether it answers what no other rule of the host names."""
        return self.name == self.root


def compile_rules(name: str, rules: RuleSet) -> list[CompiledIngress]:
    """The objects for rules that `check_rules` found nothing wrong with: each after those that it has to come after.

    Every host named in a rule, and all other hosts together, answer what no rule names with the default backend.
    """
    ingresses: list[CompiledIngress] = []
    for host in sorted(rules.host_names, key=_generality):
        # Where a host gets rules of its own, or loses them, those that answer for it else are changed after it.
        more_special = [each.name for each in ingresses if each.is_root and _answers_else(host, each.host)]
        ingresses += _Host(name, host, rules, more_special).compiled()
    return ingresses


def _generality(host: str | None) -> tuple[int, str]:
    """Less for a host whose rules come before another's: names, wildcards, those for every host."""
    return (2, "") if host is None else (host.startswith(WILDCARD), host)


def _answers_else(host: str | None, other: str | None) -> bool:
    """Whether one host's rules are for requests of another, where that has none."""
    return other is not None and host in (None, wildcard_of(other))


def says_nothing_of_its_own(rule: PathRule) -> bool:
    """Whether a rule is no more than a host, a path and a backend."""
    return (
        rule.backend is not None
        and rule.match != "regex"
        and not rule.model_dump(exclude_defaults=True, exclude={"host", "match", "path", "backend"})
    )


def rules_with_own_objects(rules: RuleSet, host: str | None) -> list[tuple[int, PathRule]]:
    """The rules of a host with an object of their own, but for `/`, in the order of precedence.

    They have options of their own, or come before such a rule.
    """
    ordered = [each for each in rules.ordered(host) if not is_root(each[1])]
    own = {position: rule for position, rule in ordered if not says_nothing_of_its_own(rule)}
    prefixes = {rule.path for rule in own.values() if rule.match == "prefix"}
    regexes = [as_python(rule.path) for rule in own.values() if rule.match == "regex"]

    def comes_before_one(rule: PathRule) -> bool:
        if not prefixes.isdisjoint(ancestors(rule.path)):
            return True
        return rule.match == "exact" and (rule.path in prefixes or any(regex.fullmatch(rule.path) for regex in regexes))

    return [each for each in ordered if each[0] in own or comes_before_one(each[1])]


class _Host:
    """The objects of one host."""

    def __init__(self, name: str, host: str | None, rules: RuleSet, after: Sequence[str]) -> None:
        self._name, self._host, self._after = name, host, after
        self._settings = rules.settings(host)
        self._https = https_annotations(self._settings)
        self._root = object_name(name, host, ROOT)
        self._default = ServiceRef(service=rules.default_backend or "")
        self._root_rule = next((each for each in rules.on(host).items() if is_root(each[1])), (None, None))
        self._own = rules_with_own_objects(rules, host)
        elsewhere = {self._root_rule[0], *(position for position, _ in self._own)}
        self._shared = [each for each in rules.ordered(host) if each[0] not in elsewhere]

    def compiled(self) -> list[CompiledIngress]:
        own = list(self._own_objects())
        names = [*self._after, *(ingress.name for ingress in own)]
        position, root = self._root_rule
        if root is None or says_nothing_of_its_own(root):
            backend = (root and root.backend) or self._default
            paths = [*self._shared_paths(0), CompiledPath(ROOT, "Prefix", backend)]
            return [*own, self._for_the_host(self._shared_object(self._root, paths, position, names))]
        # What the shared rules are has to change before the root does, where one is new, and after it where one has
        # gone. So they are there twice: once before it and once after it.
        first = self._copy(1, names)
        roots = list(self._objects(root, position, [*names, *(each.name for each in first)]))
        roots[0] = self._for_the_host(roots[0])
        return [*own, *first, *roots, *self._copy(2, [*names, roots[0].name])]

    def _own_objects(self) -> Iterator[CompiledIngress]:
        order = _order([(rule_object_name(self._name, rule), rule) for _, rule in self._own])
        for (position, rule), after in zip(self._own, order, strict=True):
            yield from self._objects(rule, position, [*self._after, *after])

    def _objects(self, rule: PathRule, position: int | None, after: Sequence[str]) -> Iterator[CompiledIngress]:
        """A rule's own object, and that of its canary."""
        text = own_text(rule)
        # A redirect needs no backend, but an Ingress does.
        path = CompiledPath(text, path_type(text), rule.backend or self._default)
        own = CompiledIngress(
            name=rule_object_name(self._name, rule),
            host=self._host,
            paths=[path],
            by_port_name=rule.canary is not None or rule.affinity is not None,
            annotations={**self._https, **rule_annotations(rule)},
            root=self._root,
            rule=position,
            after=after,
            error_pages=rule.error_pages and rule.error_pages.backend,
        )
        yield own
        if rule.canary is not None:
            yield replace(
                own,
                name=f"{own.name}-canary",
                paths=[replace(path, backend=rule.canary.backend)],
                by_port_name=False,
                annotations=canary_annotations(rule),
                after=[own.name],
                error_pages=None,
                primary=own.name,
            )

    def _for_the_host(self, ingress: CompiledIngress) -> CompiledIngress:
        """The same object with what holds for the host as a whole."""
        annotations = {**ingress.annotations, **host_annotations(self._host, self._settings)}
        return replace(ingress, annotations=annotations, tls=_tls(self._host, self._settings))

    def _copy(self, number: Literal[1, 2], after: Sequence[str]) -> list[CompiledIngress]:
        """The object of the shared rules, if there are any."""
        paths = self._shared_paths(number)
        return [self._shared_object(f"{self._root}-shared-{number}", paths, None, after)] if paths else []

    def _shared_object(
        self, name: str, paths: Sequence[CompiledPath], position: int | None, after: Sequence[str]
    ) -> CompiledIngress:
        """An object of rules that say nothing of their own; `position` is that of the rule for `/` among them."""
        return CompiledIngress(
            name=name,
            host=self._host,
            paths=paths,
            by_port_name=False,
            annotations={**self._https, **shared_annotations(paths)},
            root=self._root,
            rule=position,
            shared=[position for position, _ in self._shared],
            after=after,
        )

    def _shared_paths(self, copy: Literal[0, 1, 2]) -> list[CompiledPath]:
        return shared_paths([rule for _, rule in self._shared], [rule for _, rule in self._own], copy)


def _order(ordered: Sequence[tuple[str, PathRule]]) -> Iterator[list[str]]:
    """For each of the objects which ones have to be there before it; `ordered` is by precedence, the first first.

    Those are the objects of all rules that come before its own and may take some of its paths, and not only the nearest
    ones: of what is taken away Pulumi orders those alone that depend on each other directly.
    """
    regexes: list[tuple[str, str]] = []
    exacts: list[str] = []
    within: dict[str, list[str]] = {}
    for name, rule in ordered:
        if rule.match == "exact":
            exacts.append(name)
            within.setdefault(rule.path, []).append(name)
        if rule.match != "regex":
            for path in ancestors(rule.path):
                within.setdefault(path, []).append(name)
    for name, rule in ordered:
        match rule.match:
            case "exact":
                yield []
            case "regex":
                beginning = _beginning(rule)
                yield [*exacts, *(other for other, its in regexes if _may_meet(beginning, its))]
                regexes.append((name, beginning))
            case "prefix":
                taking = (other for other, its in regexes if _may_meet(rule.path, its))
                yield [*taking, *within.get(rule.path, ())]


def _beginning(rule: PathRule) -> str:
    """What all paths of a regex begin with, as far as that is seen without a look at its parts."""
    plain = re.match(r"[A-Za-z0-9_/-]*(?![?*{|])", rule.path)
    return plain[0] if plain else ""


def _may_meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _tls(host: str | None, settings: HostSettings) -> IngressTLSArgs | None:
    if host is None or settings.tls is None:
        return None
    partner = [www_partner(host)] if settings.www_redirect else []
    return IngressTLSArgs(hosts=[host, *partner], secret_name=tls_secret(host, settings.tls))
