"""The rule model: what users write, without a word about the controller that serves it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import pulumi
from pydantic import Field, ValidationInfo, field_validator

from webtier.path_rules.regexes.syntax import regex_problem
from webtier.path_rules.rules.field_types import BodySize, path_problem
from webtier.path_rules.rules.hosts import HostSettings
from webtier.path_rules.rules.options import (
    AccessLists,
    AffinitySettings,
    Auth,
    BackendRef,
    Canary,
    CorsSettings,
    ErrorPages,
    LimitSettings,
    RedirectSettings,
    Rewrite,
    ServiceRef,
    TimeoutSettings,
)
from webtier.path_rules.rules.routing import GatewayRouting, IngressRouting
from webtier.shared.addresses import RuleHost
from webtier.shared.model import Settings
from webtier.shared.problems import check

ROOT = "/"


class PathRule(Settings):
    """One rule: which requests it is for, where they go, and what is done with them on the way."""

    host: RuleHost | None = Field(
        default=None, description="The host name asked for, or `*.example.com`; null for every host without own rules."
    )
    match: Literal["prefix", "exact", "regex"] = Field(
        default="prefix",
        description="What `path` stands for: itself and all below it, itself alone, or every path that it describes as "
        "a regular expression from beginning to end, in which `.` is any character, a line feed too. Exact rules come "
        "first, then regexes, then prefixes; of each the longest.",
    )
    path: str = Field(
        description="A prefix holds for itself and all below it: `/user` for `/user/a`, not `/users`. Upper and lower "
        "case differ, also in a regular expression."
    )
    backend: BackendRef | None = Field(
        default=None,
        description="A name under `services`, or `{service: name, port: name of its port}`. Needed unless there is a "
        "`redirect`.",
    )
    redirect: RedirectSettings | None = Field(default=None, description="An answer instead of a backend's.")
    rewrite: Rewrite | None = Field(
        default=None, description="`strip_prefix` takes the path off before the backend sees it; null for no."
    )
    canary: Canary | None = Field(default=None, description="Another web service that gets a part of the requests.")
    cors: CorsSettings | None = Field(
        default=None, description="Which other origins' pages may use the answers; null leaves it to the backend."
    )
    error_pages: ErrorPages | None = Field(
        default=None, description="Errors that another web service answers instead; null for none."
    )
    body_size: BodySize | None = Field(
        default=None,
        description="The longest body of a request, such as `8Mi`, beyond which the answer is 413; `unlimited`; or "
        "null for the controller's default, 1Mi.",
    )
    request_buffering: bool = Field(
        default=True,
        description="Whether the controller takes a request's whole body before it asks the backend. With `false` the "
        "body is passed on as it comes, and a request whose body has begun to be sent is tried only once.",
    )
    timeouts: TimeoutSettings | None = Field(
        default=None, description="How long the backend may take; null for the controller's defaults."
    )
    limits: LimitSettings | None = Field(
        default=None, description="How much one client address may ask for; null for any amount."
    )
    access: AccessLists | None = Field(default=None, description="Which client addresses are answered; null for all.")
    affinity: AffinitySettings | None = Field(
        default=None, description="Keeps a client at one pod; null spreads its requests."
    )
    auth: Auth | None = Field(default=None, description="Who may ask; null for everybody.")

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str, info: ValidationInfo) -> str:
        if "match" not in info.data:
            return path  # it is wrong itself, so that what the path would have to be is not known
        return check(regex_problem if info.data["match"] == "regex" else path_problem)(path)


@dataclass(frozen=True)
class Backend:
    """The Service that a backend's name stands for, and its ports by name, the first being the one meant by default."""

    service_name: pulumi.Input[str]
    ports: Mapping[str, pulumi.Input[int]]


@dataclass(frozen=True)
class RuleSet:
    """All rules of one stack, by their position in the config.

    Positions may be missing where rules were wrong on their own, and so may hosts. `default_backend` answers what no
    rule names; None where it is wrong on its own.
    """

    rules: Mapping[int, PathRule]
    hosts: Mapping[str, HostSettings]
    default_backend: str | None
    other_hosts: frozenset[str | None] = frozenset()
    """Hosts of rules that are missing here; None among them for a rule of every host."""
    gateway: GatewayRouting | None = None
    """Whose HTTPRoutes the rules become; None for Ingress objects."""

    @classmethod
    def of(
        cls,
        rules: Iterable[PathRule],
        hosts: Mapping[str, HostSettings],
        default_backend: str | None,
        routing: IngressRouting | GatewayRouting | None = None,
    ) -> Self:
        """All rules of a stack in their order, as they hold with this routing: by default with ingress-nginx."""
        gateway = routing if isinstance(routing, GatewayRouting) else None
        return cls(dict(enumerate(rules)), hosts, default_backend, gateway=gateway)

    @property
    def deep_wildcards(self) -> bool:
        """Whether `*.example.com` stands for one label or more, instead of one."""
        return self.gateway is not None and self.gateway.wildcards == "any_depth"

    @cached_property
    def _by_host(self) -> Mapping[str | None, Mapping[int, PathRule]]:
        found: dict[str | None, dict[int, PathRule]] = {None: {}}
        for position, rule in self.rules.items():
            found.setdefault(rule.host, {})[position] = rule
        return found

    @cached_property
    def host_names(self) -> Sequence[str | None]:
        """Every host of a rule, and None for all others, in the order that they are compared and shown."""
        return [None, *sorted(host for host in self._by_host if host is not None)]

    def on(self, host: str | None) -> Mapping[int, PathRule]:
        """The rules of one host, None for those of every host without own rules."""
        return self._by_host.get(host, {})

    def ordered(self, host: str | None) -> list[tuple[int, PathRule]]:
        """The rules of one host by position, in the order in which a request is compared with them."""
        return sorted(self.on(host).items(), key=lambda each: precedence(each[1]), reverse=True)

    def complete(self, host: str | None) -> list[tuple[int | None, PathRule]]:
        """The rules of one host in order, and at the end, as None, one for all paths that none of them names."""
        listed: list[tuple[int | None, PathRule]] = [*self.ordered(host)]
        if not any(map(is_root, self.on(host).values())):
            default = ServiceRef(service=self.default_backend or "")
            listed.append((None, PathRule(path=ROOT, backend=default, host=host)))
        return listed

    def settings(self, host: str | None) -> HostSettings:
        """What holds for a host as a whole."""
        return self.hosts.get(host or "", HostSettings())


def is_root(rule: PathRule) -> bool:
    """Whether a rule is for all paths."""
    return rule.match == "prefix" and rule.path == ROOT


def precedence(rule: PathRule) -> tuple[int, int, str]:
    """Greater for a rule that comes first: exact before regex before prefix, then the longer text."""
    return ("prefix", "regex", "exact").index(rule.match), len(rule.path), rule.path
