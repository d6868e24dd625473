"""What a stack's ingress controller can't be, seen together with the rest of the settings."""

from collections.abc import Iterator, Mapping

from environment.checks.usable_settings import UsableSettings
from environment.settings.ingress_settings import OF_ANY_CONTROLLER, ONLY_ADDRESSES, IngressSettings
from webtier.shared.problems import Place, Problem

_LEAST_REPLICAS = 2


def check_ingress(settings: UsableSettings) -> Iterator[Problem]:
    """The problems with the controller that are not those of one setting alone."""
    if settings.gateway is not None:
        return
    given = settings.group("ingress")
    if not settings.installs_controller:
        yield from _without_controller(given)
        return
    for key in (key for key in ONLY_ADDRESSES if given.get(key) is not None):
        message = "the installed controller's own address is known; allowed: nothing, or install: false"
        yield Problem(("ingress", key), message, given[key])
    if settings.written.get("protect") is True:
        yield from _in_a_protected_stack(settings.ingress, given)


def _without_controller(given: Mapping[str, object]) -> Iterator[Problem]:
    for key, value in given.items():
        if key in IngressSettings.model_fields and key not in OF_ANY_CONTROLLER:
            message = (
                "install is false, and this is about a controller that the stack installs; allowed: nothing, or "
                "install: true"
            )
            yield Problem(("ingress", key), message, value)
    if "class_name" not in given:
        message = "not set, but needed with install: false: the IngressClass of the controller that is there"
        yield Problem(("ingress", "class_name"), message, has_value=False)


def _in_a_protected_stack(ingress: IngressSettings, given: Mapping[str, object]) -> Iterator[Problem]:
    if ingress.replicas < _LEAST_REPLICAS:
        message = (
            "this stack is protected (protect: true), and with a single controller nothing answers while it moves to "
            f"another node; allowed: {_LEAST_REPLICAS} or more, of which all but one are kept by a disruption budget"
        )
        yield Problem(("ingress", "replicas"), message, ingress.replicas)
    if given.get("accept_retired", False) is False:
        place: Place = ("ingress", "accept_retired")
        message = (
            "this stack is protected (protect: true), and upstream ended ingress-nginx in March 2026, so that its "
            "image no longer receives security fixes; allowed: true, where that is known and accepted, or "
            "ingress.image is a build that somebody maintains; or ingress.install: false, with ingress.class_name of "
            "another controller that takes the same annotations"
        )
        yield Problem(place, message, False, has_value="accept_retired" in given)
