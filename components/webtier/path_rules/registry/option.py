"""What one field of a rule, or of a host, becomes: in each of the places that have to know of it.

A field that does not say all of it fails the import of the registry (`all_options`). So no renderer, check or
explanation can leave a field out without saying so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from webtier.path_rules.gateway.api_types import HTTPRouteFilter
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.routing import GatewayRouting
from webtier.shared.problems import Problem


@dataclass(frozen=True)
class Host:
    """A host with its settings: what the fields of `HostSettings` are of."""

    name: str
    settings: HostSettings


Root = TypeVar("Root")
"""What fields are of, as a whole: a `PathRule`, or a `Host`."""

AnnotationValue = str | int | bool | Sequence[str] | None
"""A list is sent with commas between its entries. None and the empty list are not sent."""


@dataclass(frozen=True)
class NoAnnotation:
    """No annotation of its own, and why."""

    why: str


Annotations = str | Mapping[str, bool | str | Callable[[Any, Root], AnnotationValue]] | NoAnnotation
"""The annotations' names, without `nginx.ingress.kubernetes.io/` where that is their prefix.

A name alone gets the field's value as it is; the others what stands there, or what a function makes of the field's
value and the whole rule.
"""


@dataclass(frozen=True)
class RefusedByGateway:
    """Gateway API can't express it, for the reason `why`: refused as soon as it is set, and all that is below it.

    `allowed` says what to do instead; None for to leave it out, or to use Ingress objects.
    """

    why: str
    allowed: str | None = None


@dataclass(frozen=True)
class HttpRoute(Generic[Root]):
    """It becomes `part` of an HTTPRoute's spec, where the path's own are below `rules[].matches[].path`.

    `filters` are those that it adds to each rule, made of its value. `problems` are the values that HTTPRoutes can't
    express, or that this Gateway has not said enough for; their places are those below the field.
    """

    part: str
    filters: Callable[[Any], Sequence[HTTPRouteFilter]] | None = None
    problems: Callable[[Any, Root, GatewayRouting], Iterable[Problem]] | None = None


Words = Callable[[Any, Root], str | None] | Literal["shown", "not shown"]
"""What `make routes` says of the value of a field that is set; None for nothing.

`shown` is a field that has a column of its own, or is part of what its group says.
"""


@dataclass(frozen=True, kw_only=True)
class Option(Generic[Root]):
    """What a field becomes. None is nothing said of it, which no field of a rule or a host may leave at that.

    Of a field within a group, what holds for the group as a whole holds for it too: `beside_redirect`, `services`, and
    that HTTPRoutes can't express it.
    """

    annotations: Annotations[Root] | None = None
    http_route: HttpRoute[Root] | RefusedByGateway | None = None
    beside_redirect: Literal["allowed", "refused"] | None = None
    """Whether a rule with a `redirect` may have it."""
    services: Literal["every", "named", "none"] | None = None
    """For which it holds: every one that can be a rule's backend, the one that its value names, which has to be such
    a one, or none, since none is asked."""
    words: Words[Root] | None = None


def ingress_only(annotations: Annotations[Root], refused: str, words: Words[Root]) -> Option[Root]:
    """What only Ingress objects can express, for any service, and what a redirect comes before.

    `refused` is why Gateway API can't express it.
    """
    return Option(
        annotations=annotations,
        http_route=RefusedByGateway(refused),
        beside_redirect="refused",
        services="every",
        words=words,
    )


FACETS: Mapping[str, str] = {
    "annotations": "which annotations it becomes",
    "http_route": "which part of an HTTPRoute it becomes, or why Gateway API can't express it",
    "beside_redirect": "whether it may stand beside a redirect",
    "services": "for which services it holds",
    "words": "what `make routes` says of it",
}
"""What each field has to say, by the field of `Option`."""

IN_THE_SPEC = NoAnnotation("it stands in the Ingress' spec")
ITS_FIELDS_HAVE = NoAnnotation("its fields become annotations")


def annotation_names(option: Option[Any]) -> Sequence[str]:
    """The names of all annotations that a field may become, as `Annotations` writes them."""
    match option.annotations:
        case str(name):
            return (name,)
        case None | NoAnnotation():
            return ()
        case by_name:
            return tuple(by_name)
