"""What a rule may say besides where its requests go: plain data, without a word about the controller."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from webtier.path_rules.rules.field_types import (
    CookieName,
    ExposedHeader,
    HeaderName,
    HeaderValue,
    HttpUrl,
    Network,
    Origin,
    Realm,
    RewriteTarget,
    RulePath,
)
from webtier.shared.model import DnsName, ServiceName, Settings

PER_REPLICA = "counted by each controller replica for itself, so with n of them up to n times as many"


class ServiceRef(Settings):
    """A web service, and one of its ports."""

    service: str = Field(description="A name under `services`.")
    port: str | None = Field(default=None, description="The name of one of its ports; null for its first.")

    @property
    def described(self) -> str:
        """For people: the service, and the port if one is named."""
        return self.service if self.port is None else f"{self.service}, port {self.port}"


def _expand_service(value: object) -> object:
    return {"service": value} if isinstance(value, str) else value


BackendRef = Annotated[ServiceRef, BeforeValidator(_expand_service, json_schema_input_type=str | ServiceRef)]
"""`user-v1`, or `{service: user-v1, port: admin}`."""


class StripPrefix(Settings):
    """The backend sees the path without the rule's own: `/user/a` arrives as `/a`.

    It is told what was taken off in the header `X-Forwarded-Prefix`.
    """

    kind: Literal["strip_prefix"] = Field(
        description="`strip_prefix`: the backend sees the path without the rule's own."
    )


class ReplacePrefix(Settings):
    """The backend sees another path in the place of the rule's own: with `/x`, `/user/a` arrives as `/x/a`.

    It is told what stood there in the header `X-Forwarded-Prefix`.
    """

    kind: Literal["replace_prefix"]
    replacement: RulePath = Field(
        alias="with", description="What the backend sees in the place of the rule's path: `/x/a` for `/user/a`."
    )


class RegexRewrite(Settings):
    """The backend sees a path made of what the groups of the rule's regex captured."""

    kind: Literal["regex"]
    to: RewriteTarget = Field(
        description="The path that the backend sees, where `$1` to `$9` stand for what the groups of the rule's regex "
        "have captured. For rules with `match: regex` alone."
    )


_Rewrites = Annotated[StripPrefix | ReplacePrefix | RegexRewrite, Field(discriminator="kind")]


def _expand_rewrite(value: object) -> object:
    if isinstance(value, str):
        if value != "strip_prefix":
            raise PydanticCustomError(
                "rewrite",
                "allowed: 'strip_prefix', or an object whose kind is one of 'strip_prefix', 'replace_prefix', 'regex', "
                "or null for no rewriting",
            )
        return {"kind": value}
    return value


Rewrite = Annotated[
    _Rewrites, BeforeValidator(_expand_rewrite, json_schema_input_type=Literal["strip_prefix"] | _Rewrites)
]
"""How a path is changed on its way; `strip_prefix` is short for `{kind: strip_prefix}`."""


class _Canary(Settings):
    backend: BackendRef = Field(
        description="Who gets the canary's part: a web service that no rule has as its own backend."
    )


class WeightCanary(_Canary):
    """A part of the requests, chosen at random."""

    kind: Literal["weight"]
    weight: int = Field(ge=0, le=1_000_000, description="So many of `total` requests go to the canary.")
    total: int = Field(
        default=100,
        ge=100,
        le=1_000_000,
        description="What `weight` is a part of: 1000 for a weight in thousandths. Below 100 it would count as 100.",
    )


class HeaderCanary(_Canary):
    """The requests with a certain header, and of the others a part."""

    kind: Literal["header"]
    header: HeaderName = Field(
        description="Without `value` and `pattern`, its value `always` means the canary and `never` the backend."
    )
    value: HeaderValue | None = Field(
        default=None, description="The header's value that means the canary, compared exactly."
    )
    pattern: str | None = Field(
        default=None,
        description="Instead of `value` a regular expression that is found anywhere in the header's value.",
    )
    weight: int = Field(default=0, ge=0, le=100, description="Per cent of all other requests that go there too.")


class CookieCanary(_Canary):
    """The requests with a certain cookie, and of the others a part."""

    kind: Literal["cookie"]
    cookie: CookieName = Field(description="Its value `always` means the canary, and `never` the backend.")
    weight: int = Field(default=0, ge=0, le=100, description="Per cent of all other requests that go there too.")


Canary = Annotated[WeightCanary | HeaderCanary | CookieCanary, Field(discriminator="kind")]


class CorsSettings(Settings):
    """Which other origins' pages may use the rule's answers. Preflight requests are answered, with 204."""

    origins: list[Origin] = Field(
        min_length=1,
        description="Origins such as `https://shop.example.com` or `https://*.example.com`, or `*` alone for all.",
    )
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] = Field(
        default=["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"],
        min_length=1,
        description="Methods that they may use.",
    )
    headers: list[HeaderName] = Field(
        default=[
            "DNT",
            "Keep-Alive",
            "User-Agent",
            "X-Requested-With",
            "If-Modified-Since",
            "Cache-Control",
            "Content-Type",
            "Range",
            "Authorization",
        ],
        min_length=1,
        description="Headers that they may send.",
    )
    exposed_headers: list[ExposedHeader] = Field(
        default_factory=list, description="Headers of the answer that they may read, beyond those they always may."
    )
    credentials: bool = Field(
        default=False, description="Whether browsers send cookies and passwords along. Not with the origin `*`."
    )
    max_age_seconds: int = Field(
        default=1_728_000, ge=0, le=31_536_000, description="How long a browser may keep the answer to a preflight."
    )


class RedirectSettings(Settings):
    """The answer instead of a backend's. It comes before all checks of who asks."""

    to: HttpUrl = Field(description="Where to, as a whole URL; it is the same for all paths of the rule.")
    code: Literal[301, 302, 303, 307, 308] = Field(
        default=302,
        description="301 and 308 are permanent, which browsers remember; 302, 303 and 307 temporary. 307 and 308 keep "
        "the method.",
    )


class ErrorPages(Settings):
    """Errors of the backend that another web service answers instead.

    It is asked for `/`, with the request's query and the headers `X-Code` and `X-Original-URI`, and its own status is
    what the client gets. Where there is no ready pod, it is asked for the request's own path, with `X-Code: 503`.
    """

    codes: list[Annotated[int, Field(ge=400, le=599)]] = Field(
        min_length=1, description="Statuses of the backend's answers, from 400 to 599."
    )
    backend: ServiceName = Field(
        description="The web service that answers instead, at its first port; also when the rule's has no ready pod."
    )


class TimeoutSettings(Settings):
    """How long the controller waits for the backend before it answers 504.

    It tries three times before that, but what a backend may have begun to do only where the method is safe to repeat:
    not for POST and PATCH.
    """

    connect_seconds: int = Field(default=5, ge=1, le=75, description="For a connection.")
    read_seconds: int = Field(default=60, ge=1, le=86_400, description="Between two reads of the answer.")
    send_seconds: int = Field(default=60, ge=1, le=86_400, description="Between two writes of the request.")


class LimitSettings(Settings):
    """How much one client address may ask for, beyond which it gets 503."""

    rps: int | None = Field(
        default=None, ge=1, le=1_000_000, description=f"Requests a second of one address, {PER_REPLICA}; null for any."
    )
    rpm: int | None = Field(
        default=None, ge=1, le=1_000_000, description=f"Requests a minute of one address, {PER_REPLICA}; null for any."
    )
    burst_multiplier: int = Field(
        default=5, ge=1, le=1000, description="So many times `rps` or `rpm` may come at once before any is refused."
    )
    connections: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description=f"Requests of one address that are served at the same time, {PER_REPLICA}; null for any.",
    )
    exempt: list[Network] = Field(
        default_factory=list, description="Addresses and networks (CIDR) for which no limit holds."
    )


class AccessLists(Settings):
    """Which client addresses are answered; all others get 403."""

    allow: list[Network] = Field(
        default_factory=list, description="Addresses and networks (CIDR) that are let in; empty for all."
    )
    deny: list[Network] = Field(
        default_factory=list,
        description="Addresses and networks (CIDR) that are not let in, also where `allow` has them.",
    )


class AffinitySettings(Settings):
    """A client's requests go to the same pod, by a cookie."""

    cookie: CookieName | None = Field(default=None, description="The cookie's name; null for `affinity-<service>`.")
    max_age_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="How long a browser keeps it; null until it is closed."
    )
    path: RulePath = Field(default="/", description="The path for which a browser sends it.")
    samesite: Literal["None", "Lax", "Strict"] | None = Field(
        default=None, description="Whether other sites' pages make the browser send it; null for the browser's default."
    )
    secure: bool = Field(
        default=False,
        description="Whether a browser sends it over HTTPS alone, also where the request came over HTTP. Where it came "
        "over HTTPS, that always holds.",
    )
    change_on_failure: bool = Field(
        default=False, description="Whether a client moves to another pod for good when its own fails a request."
    )
    mode: Literal["balanced", "persistent"] = Field(
        default="balanced",
        description="`balanced` moves some clients when pods are added; `persistent` none while their pod is there.",
    )

    def cookie_for(self, service: str) -> str:
        """The cookie's name. By service, since one cookie can't remember the pods of two."""
        return self.cookie or f"affinity-{service}"


class BasicAuth(Settings):
    """Name and password, compared with those in a Secret of the same namespace."""

    kind: Literal["basic"]
    secret: DnsName = Field(description="The Secret's name.")
    realm: Realm = Field(default="Authentication Required", description="What the browser shows.")
    scheme: Literal["basic", "digest"] = Field(
        default="basic", description="How the password is sent; `digest` needs a controller built with that module."
    )
    format: Literal["auth_file", "auth_map"] = Field(
        default="auth_file",
        description="`auth_file`: the Secret's key `auth` is an htpasswd file. `auth_map`: each key is a name, its "
        "value the hashed password.",
    )


class ExternalAuth(Settings):
    """Another service is asked about each request: 200 lets it in, 401 and 403 do not."""

    kind: Literal["external"]
    url: HttpUrl = Field(description="Where it is asked, as the controller reaches it.")
    sign_in_url: HttpUrl | None = Field(
        default=None,
        description="Where a browser is sent after a 401, with the URL it asked for in the parameter `rd`; null for "
        "nowhere.",
    )
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | None = Field(
        default=None, description="The method it is asked with; null for `GET`."
    )
    response_headers: list[HeaderName] = Field(
        default_factory=list, description="Headers of its answer that the backend gets."
    )


Auth = Annotated[BasicAuth | ExternalAuth, Field(discriminator="kind")]
"""Who may ask: one way or the other, never both."""
