"""The parts of an HTTPRoute that rules need, typed: fields of the standard channel of Gateway API v1.5.

The names are those of the API, in the spelling of Python; `fields_of` gives them as they are sent. Of a part, None
stands for a field that is left out.
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import pulumi
from pydantic.alias_generators import to_camel

API_VERSION = "gateway.networking.k8s.io/v1"
KIND = "HTTPRoute"

MOST_ORIGINS = 64
MOST_HEADERS = 64
LONGEST_REDIRECT_PATH = 1024
HOST_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""A precise host name. An address looks like one, and is not allowed either."""


@dataclass(frozen=True)
class ParentReference:
    """What a route is attached to: a Gateway, or one of its listeners."""

    name: str
    namespace: str | None = None
    section_name: str | None = None


@dataclass(frozen=True)
class HTTPPathMatch:
    type: Literal["Exact", "PathPrefix", "RegularExpression"]
    value: str


@dataclass(frozen=True)
class HTTPHeaderMatch:
    name: str
    value: str
    type: Literal["Exact", "RegularExpression"] = "Exact"


@dataclass(frozen=True)
class HTTPRouteMatch:
    """Path and headers must all match."""

    path: HTTPPathMatch
    headers: Sequence[HTTPHeaderMatch] | None = None


@dataclass(frozen=True)
class HTTPPathModifier:
    """A path in the place of the whole one, or of the prefix that has matched."""

    type: Literal["ReplaceFullPath", "ReplacePrefixMatch"]
    replace_full_path: str | None = None
    replace_prefix_match: str | None = None


@dataclass(frozen=True)
class HTTPURLRewriteFilter:
    path: HTTPPathModifier


@dataclass(frozen=True)
class HTTPRequestRedirectFilter:
    """Of what is None the request's own is taken. Without a port it is that of `scheme`, or else the listener's."""

    status_code: int
    scheme: str | None = None
    hostname: str | None = None
    port: int | None = None
    path: HTTPPathModifier | None = None


@dataclass(frozen=True)
class HTTPHeader:
    name: str
    value: str


@dataclass(frozen=True)
class HTTPHeaderFilter:
    set: Sequence[HTTPHeader]


@dataclass(frozen=True)
class HTTPCORSFilter:
    """`max_age` in seconds, at least 1."""

    allow_origins: Sequence[str]
    allow_methods: Sequence[str]
    allow_headers: Sequence[str]
    max_age: int
    expose_headers: Sequence[str] | None = None
    allow_credentials: bool | None = None


@dataclass(frozen=True)
class HTTPRouteFilter:
    """One of these, which `type` names."""

    type: Literal["CORS", "RequestHeaderModifier", "RequestRedirect", "URLRewrite"]
    cors: HTTPCORSFilter | None = None
    request_header_modifier: HTTPHeaderFilter | None = None
    request_redirect: HTTPRequestRedirectFilter | None = None
    url_rewrite: HTTPURLRewriteFilter | None = None


@dataclass(frozen=True)
class HTTPBackendRef:
    """A port of a Service of the route's own namespace. `weight` is its part of the weights of all."""

    name: pulumi.Input[str]
    port: pulumi.Input[int]
    weight: int | None = None


@dataclass(frozen=True)
class HTTPRouteRule:
    """What happens to a request that one of the matches is for."""

    matches: Sequence[HTTPRouteMatch]
    filters: Sequence[HTTPRouteFilter] | None = None
    backend_refs: Sequence[HTTPBackendRef] | None = None


@dataclass(frozen=True)
class HTTPRouteSpec:
    """A whole route. Without host names it is for all of the listener's."""

    parent_refs: Sequence[ParentReference]
    rules: Sequence[HTTPRouteRule]
    hostnames: Sequence[str] | None = None


def fields_of(value: object) -> Any:
    """Any part as it is sent, such as a route's spec: `{"parentRefs": [{"name": "web"}], "rules": […]}`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {to_camel(name): fields_of(below) for name, below in fields if below is not None}
    if isinstance(value, (list, tuple)):
        return [fields_of(below) for below in cast("Sequence[object]", value)]
    return value
