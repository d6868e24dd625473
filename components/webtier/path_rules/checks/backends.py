"""Whether every web service that rules name is there, and has the port that they name."""

from collections.abc import Iterator, Mapping, Sequence

from webtier.path_rules.rules.model import RuleSet
from webtier.path_rules.rules.options import ServiceRef
from webtier.shared.problems import Place, Problem


def backend_problems(rules: RuleSet, backends: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Backends, canaries and error pages that are no web service of the stack, and ports that none of theirs is."""
    for position, rule in rules.rules.items():
        place: Place = ("routes", position)
        if rule.backend is not None:
            yield from _unknown((*place, "backend"), rule.backend, backends)
        elif rule.redirect is None:
            known = ", ".join(sorted(backends)) or _NONE
            message = f"not set, but needed unless there is a 'redirect'; allowed: a web service of this stack: {known}"
            yield Problem((*place, "backend"), message, has_value=False)
        if rule.canary is not None:
            yield from _unknown((*place, "canary", "backend"), rule.canary.backend, backends)
        if rule.error_pages is not None:
            pages = ServiceRef(service=rule.error_pages.backend)
            yield from _unknown((*place, "error_pages", "backend"), pages, backends)
    if rules.default_backend is not None:
        yield from _unknown(("default_backend",), ServiceRef(service=rules.default_backend), backends)


_NONE = "none is defined yet; add one under 'services'"

_NO_PORT = (
    "it has no TCP port, or is an external_name, to which the controller would send the client's own Host header and "
    "whose certificate it would not check; allowed: a web service, or an external one of the kind 'endpoints', with a "
    "TCP port"
)


def _unknown(place: Place, reference: ServiceRef, backends: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    # Where the short form was used there is nothing below.
    at = place if reference.port is None else (*place, "service")
    if reference.service not in backends:
        known = ", ".join(sorted(backends)) or _NONE
        yield Problem(at, f"allowed: a web service of this stack: {known}", reference.service)
    elif not backends[reference.service]:
        yield Problem(at, f"{reference.service} can't take requests from path rules: {_NO_PORT}", reference.service)
    elif reference.port is not None and reference.port not in backends[reference.service]:
        ports = ", ".join(backends[reference.service])
        yield Problem((*place, "port"), f"allowed: the name of a port of {reference.service}: {ports}", reference.port)
