"""Compiles rules to Ingress objects for ingress-nginx: one for each rule, and one more for its canary.

An object for each rule, since most of what a rule says is an annotation, which holds for all paths of an object, and
since the controller counts a rate limit by object.

The host and the path, which alone an object is named after, are what the controller refuses to see in two objects, and
what `check_rules` refuses to see in two rules. So a new object never stands in the old one's way. A name that were
derived from anything else - the backend, the options, the position - would have the controller refuse the change of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.path_rules.hosts import HostSettings, tls_secret, wildcard_of, www_partner
from components.path_rules.ingress_annotations import canary_annotations, host_annotations, rule_annotations
from components.path_rules.ingress_paths import CompiledPath, compile_paths
from components.path_rules.model import ROOT, RuleSet, is_root
from components.path_rules.object_names import object_name, rule_object_name
from components.path_rules.options import ServiceRef


@dataclass(frozen=True)
class CompiledTls:
    """What stands under `tls` of an Ingress."""

    hosts: Sequence[str]
    secret: str


@dataclass(frozen=True)
class CompiledIngress:
    """One Ingress object, all but its namespace and class.

    `by_port_name` is how it names the backend's port: the controller keeps what it knows of canaries and cookies by
    Service and port as they are written, so rules that have any of it write it differently from those that have none,
    and leave them alone. `root` is the name of the host's object for `/`, itself included; `primary` of the one that
    it is a canary for. `rule` is the rule's position, None for the default backend. `error_pages` is the web service
    that the annotation DEFAULT_BACKEND has to name.
    """

    name: str
    host: str | None
    path: CompiledPath
    backend: ServiceRef
    by_port_name: bool
    annotations: Mapping[str, str]
    root: str
    rule: int | None
    error_pages: str | None = None
    primary: str | None = None
    tls: CompiledTls | None = None


def compile_rules(name: str, rules: RuleSet) -> list[CompiledIngress]:
    """The objects for rules that `check_rules` found nothing wrong with, in the order of hosts and precedence.

    Every host named in a rule, and all other hosts together, answer what no rule names with the default backend.
    """
    ingresses: list[CompiledIngress] = []
    for host in rules.host_names:
        ingresses += _compile_host(name, host, rules)
    return ingresses


def _compile_host(name: str, host: str | None, rules: RuleSet) -> list[CompiledIngress]:
    default = ServiceRef(service=rules.default_backend or "")
    settings = rules.settings(host)
    listed = rules.complete(host)
    ingresses: list[CompiledIngress] = []
    for (position, rule), path in zip(listed, compile_paths([rule for _, rule in listed]), strict=True):
        annotations = rule_annotations(rule, path, _https(host, rules))
        own = CompiledIngress(
            name=rule_object_name(name, rule),
            host=host,
            path=path,
            # A redirect needs no backend, but an Ingress does.
            backend=rule.backend or default,
            by_port_name=rule.canary is not None or rule.affinity is not None,
            annotations=annotations | (host_annotations(settings) if is_root(rule) else {}),
            root=object_name(name, host, ROOT),
            rule=position,
            error_pages=rule.error_pages and rule.error_pages.backend,
            tls=_tls(host, settings) if is_root(rule) else None,
        )
        ingresses.append(own)
        if rule.canary is not None:
            ingresses.append(
                replace(
                    own,
                    name=f"{own.name}-canary",
                    path=replace(path, rewrite_target=None, forwarded_prefix=None),
                    backend=rule.canary.backend,
                    by_port_name=False,
                    annotations=canary_annotations(rule.canary),
                    error_pages=None,
                    primary=own.name,
                    tls=None,
                )
            )
    return ingresses


def _https(host: str | None, rules: RuleSet) -> bool | None:
    settings = rules.settings(host)
    if settings.tls is not None:
        return settings.redirects_to_https
    # The controller would redirect a host whose wildcard has a certificate.
    return False if host is not None and rules.settings(wildcard_of(host)).tls is not None else None


def _tls(host: str | None, settings: HostSettings) -> CompiledTls | None:
    if host is None or settings.tls is None:
        return None
    partner = [www_partner(host)] if settings.www_redirect else []
    return CompiledTls([host, *partner], tls_secret(host, settings.tls))
