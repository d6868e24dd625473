"""Compiles rules to Ingress objects for ingress-nginx, such that each state between two sets of rules is right too.

The controller serves whatever objects there are, at any moment of an update. So that every request is answered as
before it or as after it, and never otherwise (docs/adr/rules-as-objects.md):

* The rules of a host that say nothing of their own are in one object, which changes as a whole, together with what
  answers all other paths. A rule with options of its own has an object of its own, since most of what a rule says is an
  annotation, which holds for all paths of an object, and since the controller counts a rate limit by object.
* No object's text depends on another's (`ingress_paths`).
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

from webtier.path_rules.ingress.annotations import (
    canary_annotations,
    host_annotations,
    https_annotations,
    rule_annotations,
    shared_annotations,
)
from webtier.path_rules.ingress.paths import CompiledPath, SharedPath, ancestors, own_path, root_path, shared_paths
from webtier.path_rules.regexes.syntax import as_python
from webtier.path_rules.rules.hosts import WILDCARD, HostSettings, tls_secret, wildcard_of, www_partner
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet, is_root
from webtier.path_rules.rules.object_names import object_name, rule_object_name
from webtier.path_rules.rules.options import ServiceRef


@dataclass(frozen=True)
class CompiledTls:
    """What stands under `tls` of an Ingress."""

    hosts: Sequence[str]
    secret: str


@dataclass(frozen=True)
class CompiledIngress:
    """One Ingress object, all but its namespace and class.

    `rule` is the position of the rule that it is for, None for the default backend; `shared` are those of the rules
    that share it. `by_port_name` is how it names
    its backends' ports: the controller keeps what it knows of canaries and cookies by Service and port as they are
    written, so rules that have any of it write it differently from those that have none, and leave them alone. `root`
    is the name of the host's object for `/`, itself included; `primary` of the one that it is a canary for. `after` are
    the names of the objects that have to be sent before it. `error_pages` is the web service that the annotation
    DEFAULT_BACKEND has to name.
    """

    name: str
    host: str | None
    paths: Sequence[SharedPath]
    by_port_name: bool
    annotations: Mapping[str, str]
    root: str
    rule: int | None
    shared: Sequence[int] = ()
    after: Sequence[str] = ()
    error_pages: str | None = None
    primary: str | None = None
    tls: CompiledTls | None = None

    @property
    def is_root(self) -> bool:
        """Whether it answers what no other rule of the host names."""
        return self.name == self.root

    @property
    def path(self) -> CompiledPath:
        """The first of its paths, and the only one of an object for one rule."""
        return self.paths[0].path

    @property
    def backend(self) -> ServiceRef:
        """Where the requests of the first path go."""
        return self.paths[0].backend


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


def rules_with_own_objects(rules: RuleSet, host: str | None) -> list[int]:
    """The rules of a host with an object of their own, but for `/`, in the order of precedence.

    They have options of their own, or come before such a rule.
    """
    positions = [position for position in rules.ordered(host) if not is_root(rules.rules[position])]
    own = {position for position in positions if not says_nothing_of_its_own(rules.rules[position])}
    given = [rules.rules[position] for position in own]
    prefixes = {rule.path for rule in given if rule.match == "prefix"}
    regexes = [as_python(rule.path) for rule in given if rule.match == "regex"]

    def comes_before_one(rule: PathRule) -> bool:
        if not prefixes.isdisjoint(ancestors(rule.path)):
            return True
        return rule.match == "exact" and (rule.path in prefixes or any(regex.fullmatch(rule.path) for regex in regexes))

    return [position for position in positions if position in own or comes_before_one(rules.rules[position])]


class _Host:
    """The objects of one host."""

    def __init__(self, name: str, host: str | None, rules: RuleSet, after: Sequence[str]) -> None:
        self._name, self._host, self._rules, self._after = name, host, rules, after
        self._settings = rules.settings(host)
        self._https = https_annotations(self._settings)
        self._root = object_name(name, host, ROOT)
        self._default = ServiceRef(service=rules.default_backend or "")
        self._root_position = next((position for position, rule in rules.on(host).items() if is_root(rule)), None)
        self._own = rules_with_own_objects(rules, host)
        elsewhere = {*self._own, self._root_position}
        self._shared = [position for position in rules.ordered(host) if position not in elsewhere]

    def compiled(self) -> list[CompiledIngress]:
        own = list(self._own_objects())
        names = [*self._after, *(ingress.name for ingress in own)]
        root = None if self._root_position is None else self._rules.rules[self._root_position]
        if root is None or says_nothing_of_its_own(root):
            return [*own, self._host_object(root, names)]
        # What the shared rules are has to change before the root does, where one is new, and after it where one has
        # gone. So they are there twice: once before it and once after it.
        first = self._copy(1, names)
        roots = list(self._objects(root, self._root_position, names if first is None else [*names, first.name]))
        roots[0] = replace(
            roots[0],
            annotations={**roots[0].annotations, **host_annotations(self._host, self._settings)},
            tls=_tls(self._host, self._settings),
        )
        last = self._copy(2, [*names, roots[0].name])
        return [*own, *filter(None, [first]), *roots, *filter(None, [last])]

    def _own_objects(self) -> Iterator[CompiledIngress]:
        after = dict(_order([(rule_object_name(self._name, rule), rule) for rule in self._rules_of(self._own)]))
        for position, rule in zip(self._own, self._rules_of(self._own), strict=True):
            yield from self._objects(rule, position, [*self._after, *after[rule_object_name(self._name, rule)]])

    def _objects(self, rule: PathRule, position: int | None, after: Sequence[str]) -> Iterator[CompiledIngress]:
        """A rule's own object, and that of its canary."""
        path = own_path(rule)
        own = CompiledIngress(
            name=rule_object_name(self._name, rule),
            host=self._host,
            # A redirect needs no backend, but an Ingress does.
            paths=[SharedPath(path, rule.backend or self._default)],
            by_port_name=rule.canary is not None or rule.affinity is not None,
            annotations={**self._https, **rule_annotations(rule, path)},
            root=self._root,
            rule=position,
            after=after,
            error_pages=rule.error_pages and rule.error_pages.backend,
        )
        yield own
        if rule.canary is not None:
            bare = replace(path, rewrite_target=None, forwarded_prefix=None)
            yield replace(
                own,
                name=f"{own.name}-canary",
                paths=[SharedPath(bare, rule.canary.backend)],
                by_port_name=False,
                annotations=canary_annotations(rule),
                after=[own.name],
                error_pages=None,
                primary=own.name,
            )

    def _host_object(self, root: PathRule | None, after: Sequence[str]) -> CompiledIngress:
        """The object of all rules that say nothing of their own, the one for `/` included."""
        paths = self._shared_paths(0)
        return CompiledIngress(
            name=self._root,
            host=self._host,
            paths=[*paths, SharedPath(root_path(), (root and root.backend) or self._default)],
            by_port_name=False,
            annotations={
                **self._https,
                **shared_annotations(paths),
                **host_annotations(self._host, self._settings),
            },
            root=self._root,
            rule=self._root_position,
            shared=self._shared,
            after=after,
            tls=_tls(self._host, self._settings),
        )

    def _copy(self, number: Literal[1, 2], after: Sequence[str]) -> CompiledIngress | None:
        paths = self._shared_paths(number)
        if not paths:
            return None
        return CompiledIngress(
            name=f"{self._root}-shared-{number}",
            host=self._host,
            paths=paths,
            by_port_name=False,
            annotations={**self._https, **shared_annotations(paths)},
            root=self._root,
            rule=None,
            shared=self._shared,
            after=after,
        )

    def _shared_paths(self, copy: Literal[0, 1, 2]) -> list[SharedPath]:
        return shared_paths(self._rules_of(self._shared), self._rules_of(self._own), copy)

    def _rules_of(self, positions: Sequence[int]) -> list[PathRule]:
        return [self._rules.rules[position] for position in positions]


def _order(ordered: Sequence[tuple[str, PathRule]]) -> Iterator[tuple[str, list[str]]]:
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
                yield name, []
            case "regex":
                beginning = _beginning(rule)
                yield name, [*exacts, *(other for other, its in regexes if _may_meet(beginning, its))]
                regexes.append((name, beginning))
            case "prefix":
                taking = (other for other, its in regexes if _may_meet(rule.path, its))
                yield name, [*taking, *within.get(rule.path, ())]


def _beginning(rule: PathRule) -> str:
    """What all paths of a regex begin with, as far as that is seen without a look at its parts."""
    plain = re.match(r"[A-Za-z0-9_/-]*(?![?*{|])", rule.path)
    return plain[0] if plain else ""


def _may_meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _tls(host: str | None, settings: HostSettings) -> CompiledTls | None:
    if host is None or settings.tls is None:
        return None
    partner = [www_partner(host)] if settings.www_redirect else []
    return CompiledTls([host, *partner], tls_secret(host, settings.tls))
