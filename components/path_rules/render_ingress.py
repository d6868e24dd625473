"""Compiles rules to Ingress objects for ingress-nginx.

One regular expression turns every location of its host into one, case-insensitive and open-ended:
`/ba` would then also match `/banana` and `/BA`. So rules are looked at host by host, and where one
of them needs a regex its siblings are compiled to regexes that keep a prefix a prefix.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.path_rules.model import PathRule

PathType = Literal["Prefix", "ImplementationSpecific"]

ANNOTATION = "nginx.ingress.kubernetes.io/"


@dataclass(frozen=True)
class CompiledPath:
    """One path of an Ingress object: as the controller takes it, and the rule it came from."""

    path: str
    path_type: PathType
    backend: str
    rule: PathRule


@dataclass(frozen=True)
class CompiledIngress:
    """One Ingress object, all but its namespace and class. Its name never depends on the paths."""

    name: str
    host: str | None
    annotations: Mapping[str, str]
    paths: Sequence[CompiledPath]


def compile_rules(name: str, rules: Iterable[PathRule], default_backend: str) -> list[CompiledIngress]:
    """The objects for rules that `check_rules` found nothing wrong with.

    Every host named in a rule, and all other hosts together, answer what no rule names with
    `default_backend`.
    """
    by_host: dict[str | None, list[PathRule]] = {None: []}
    for rule in rules:
        by_host.setdefault(rule.host, []).append(rule)
    ingresses: list[CompiledIngress] = []
    for host in sorted(by_host, key=lambda host: host or ""):
        ingresses += _compile_host(name, host, by_host[host], default_backend)
    return ingresses


def _compile_host(
    name: str, host: str | None, rules: Sequence[PathRule], default_backend: str
) -> list[CompiledIngress]:
    stem = name if host is None else f"{name}-{host}"
    if not any(rule.path == "/" for rule in rules):
        rules = [*rules, PathRule(path="/", backend=default_backend, host=host)]
    # Controllers of 2024 refuse a dot in a path of type Prefix; as a regex all take it.
    as_regex = any(rule.rewrite is not None or "." in rule.path for rule in rules)
    plain = [_plain_path(rule, as_regex) for rule in rules if rule.rewrite is None]
    stripped = [_stripped_path(rule) for rule in rules if rule.rewrite is not None]
    regex = {ANNOTATION + "use-regex": "true"} if as_regex else {}
    strip = {
        **regex,
        ANNOTATION + "rewrite-target": "/$3",
        ANNOTATION + "x-forwarded-prefix": "/$1",
    }
    ingresses = [CompiledIngress(f"{stem}-plain", host, regex, _ordered(plain))]
    if stripped:
        ingresses.append(CompiledIngress(f"{stem}-strip-prefix", host, strip, _ordered(stripped)))
    return ingresses


def _ordered(paths: Iterable[CompiledPath]) -> list[CompiledPath]:
    # Rules that only change places in the config must not show as a change.
    return sorted(paths, key=lambda compiled: compiled.rule.path)


def _plain_path(rule: PathRule, as_regex: bool) -> CompiledPath:
    if not as_regex or rule.path == "/":
        return CompiledPath(rule.path, "Prefix", rule.backend, rule)
    # As long as a stripped path, since the controller tries the longest text first; and not the
    # same text, since it refuses the same one in two objects while a rule changes its kind.
    return CompiledPath(f"/({_literal(rule.path)})($|/)(.*)", "ImplementationSpecific", rule.backend, rule)


def _stripped_path(rule: PathRule) -> CompiledPath:
    return CompiledPath(f"/({_literal(rule.path)})(/|$)(.*)", "ImplementationSpecific", rule.backend, rule)


def _literal(path: str) -> str:
    # `[.]` and not `\.`: a backslash would have to survive nginx's own quoting.
    return "(?-i:" + path.removeprefix("/").replace(".", "[.]") + ")"
