"""Whether every web service that rules name is there, and has the port that they name."""

from collections.abc import Iterator, Mapping, Sequence

from webtier.path_rules.registry.all_options import RULES
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import ServiceRef
from webtier.shared.problems import Place, Problem


def backend_problems(rules: RuleSet, backends: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Backends, canaries and error pages that are no web service of the stack, and ports that none of theirs is."""
    for position, rule in rules.rules.items():
        place: Place = ("routes", position)
        if rule.backend is None and rule.redirect is None:
            known = ", ".join(sorted(backends)) or _NONE
            message = f"not set, but needed unless there is a 'redirect'; allowed: a web service of this stack: {known}"
            yield Problem((*place, "backend"), message, has_value=False)
        for at, reference in named_services(rule, place):
            yield from _unknown(at, reference, backends)
    if rules.default_backend is not None:
        yield from _unknown(("default_backend",), ServiceRef(service=rules.default_backend), backends)


def named_services(rule: PathRule, place: Place = ()) -> Iterator[tuple[Place, ServiceRef]]:
    """Every web service that a rule names, with the place of the field that does."""
    for each in RULES.given(rule, place):
        if each.option.services == "named" and each.value is not None:
            is_whole = isinstance(each.value, ServiceRef)
            yield each.place, each.value if is_whole else ServiceRef(service=each.value)


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
