"""The annotations by which ingress-nginx takes what a rule and its host say: those of the registry, for each field.

All are of risk Low or Medium, but for those of an external authentication, which are High; none is a snippet. Values
are of the characters that `field_types` and the models allow, which each annotation's own validator takes.
"""

from collections.abc import Collection, Iterable, Mapping

from webtier.path_rules.ingress.paths import CompiledPath
from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import AnnotationValue, Host, Root
from webtier.path_rules.registry.registry import Given
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.model import PathRule

PREFIX = "nginx.ingress.kubernetes.io/"
DEFAULT_BACKEND = PREFIX + "default-backend"


def https_annotations(settings: HostSettings) -> dict[str, str]:
    """Those of each Ingress of a host: whether HTTP is sent to HTTPS.

    Always said: the controller would redirect a host whose wildcard has a certificate, or is just being given one. Even
    a name that is no host's does so, such as `*.example.com` itself, and `_`, under which it has its own certificate.
    """
    return _collected((each for each in HOSTS.given(settings) if each.place == _HTTPS), Host("", settings))


def shared_annotations(paths: Collection[CompiledPath]) -> dict[str, str]:
    """Those of an Ingress with the paths of several rules, which say nothing of their own."""
    return _written({"use-regex": any(each.path_type == "ImplementationSpecific" for each in paths) or None})


def rule_annotations(rule: PathRule) -> dict[str, str]:
    """Those of the rule's own Ingress."""
    return _collected((each for each in RULES.given(rule) if each.place[0] != "canary"), rule)


def canary_annotations(rule: PathRule) -> dict[str, str]:
    """Those of the Ingress that makes a canary of its backend: no others have an effect there."""
    return _collected((each for each in RULES.given(rule) if each.place[0] == "canary"), rule)


def host_annotations(host: str | None, settings: HostSettings) -> dict[str, str]:
    """Those that one Ingress of a host carries for all of it."""
    # Regexes come before prefixes, and so before the controller's own: it answers /healthz and /nginx_status.
    before_its_own = {"use-regex": host is None or None}
    fields = (each for each in HOSTS.given(settings) if each.place != _HTTPS)
    return {**_written(before_its_own), **_collected(fields, Host(host or "", settings))}


_HTTPS = ("tls_redirect",)


def _collected(fields: Iterable[Given[Root]], root: Root) -> dict[str, str]:
    found: dict[str, AnnotationValue] = {}
    for each in fields:
        annotations = each.option.annotations
        if isinstance(annotations, str):
            found[annotations] = each.value
        elif isinstance(annotations, Mapping):
            for name, value in annotations.items():
                found[name] = value(each.value, root) if callable(value) else value
    return _written(found)


def _written(values: Mapping[str, AnnotationValue]) -> dict[str, str]:
    return {
        name if "/" in name else PREFIX + name: _text(value)
        for name, value in values.items()
        if value is not None and value != []
    }


def _text(value: AnnotationValue) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | None:
            return str(value)
        case _:
            return ",".join(value)
