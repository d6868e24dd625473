"""What requests show of the model: data that a test goes through, and that the table in the docs is made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import yaml

from tests.cluster.conformance.harness.asking import Ask
from webtier.path_rules import HostSettings, PathRule

Texts = Mapping[str, str | re.Pattern[str] | None]
"""What has to stand there by its name: this text, one that a pattern matches as a whole, or, with None, nothing."""


@dataclass(frozen=True)
class Case:
    """One request and its answer.

    `fields` are those of the model that it shows; `shows` says what of them. `service` is who has answered, None for
    the controller itself; `path` what this one was asked for, None for the very target of the request; `port` which of
    its own was asked, None for any; `seen` the headers that it got. `certificate` is a name in the one shown over TLS.
    """

    fields: tuple[str, ...]
    shows: str
    ask: Ask
    status: int
    service: str | None
    path: str | None = None
    port: int | None = None
    headers: Texts = field(default_factory=dict[str, str | re.Pattern[str] | None])
    cookies: Texts = field(default_factory=dict[str, str | re.Pattern[str] | None])
    seen: Texts = field(default_factory=dict[str, str | re.Pattern[str] | None])
    body: str | None = None
    """A text in the answer's body."""
    certificate: str | None = None

    @property
    def name(self) -> str:
        ask = self.ask
        return f"{ask.method} {'https' if ask.https else 'http'}://{ask.host}{ask.target}: {self.shows}"


@dataclass(frozen=True)
class Share:
    """Requests of which so many per cent go to `service`, and all others to another one."""

    fields: tuple[str, ...]
    shows: str
    ask: Ask
    service: str
    percent: int


@dataclass(frozen=True)
class Burst:
    """Requests at once, of which `first` are served; more only as time goes on, `per_second`."""

    fields: tuple[str, ...]
    shows: str
    ask: Ask
    first: int
    per_second: float
    requests: int = 40


@dataclass(frozen=True)
class Stored:
    """What is not for the controller: `annotations` and `secret` of the Ingress for `/` of a host, as it is stored."""

    fields: tuple[str, ...]
    shows: str
    host: str
    annotations: Mapping[str, str]
    secret: str


@dataclass(frozen=True)
class Streamed:
    """Two requests without the end of their bodies: `ask` is answered by `service` all the same, `buffered` is not."""

    fields: tuple[str, ...]
    shows: str
    ask: Ask
    buffered: Ask
    service: str


@dataclass(frozen=True)
class Behaviour:
    """What takes more than one request to see. `test` is the name of what looks at it, in test_traffic.py."""

    fields: tuple[str, ...]
    shows: str
    test: str


Shown = Case | Share | Burst | Stored | Streamed | Behaviour


@dataclass(frozen=True)
class Chapter:
    """Rules and hosts, as users write them, and what shows that they do what they say.

    `slow` are cases whose answers take seconds; they are asked all at once.
    """

    rules: str
    cases: Sequence[Case] = ()
    slow: Sequence[Case] = ()
    hosts: str = "{}"
    others: Sequence[Share | Burst | Stored | Streamed | Behaviour] = ()

    @cached_property
    def path_rules(self) -> list[PathRule]:
        return [PathRule.model_validate(rule) for rule in yaml.safe_load(self.rules)]

    @cached_property
    def host_settings(self) -> dict[str, HostSettings]:
        return {host: HostSettings.model_validate(given) for host, given in yaml.safe_load(self.hosts).items()}

    @property
    def all_cases(self) -> list[Shown]:
        return [*self.cases, *self.slow, *self.others]


def rule_fields(*names: str) -> tuple[str, ...]:
    """Fields of a rule, as docs/path-rules.md calls them."""
    return tuple(f"routes[].{name}" for name in names)


def host_fields(*names: str) -> tuple[str, ...]:
    """Fields of a whole host, as docs/path-rules.md calls them."""
    return tuple(f"hosts.<name>.{name}" for name in names)
