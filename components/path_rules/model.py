"""The rule model: what users write, without a word about the controller that serves it."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import pulumi
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from components.shared.model import DnsName, Settings

_PATH = re.compile(r"/[A-Za-z0-9._\-/]*")


def _check_path(path: str) -> str:
    if _PATH.fullmatch(path) is None:
        raise PydanticCustomError("rule_path", "allowed: '/' and then any of A-Z, a-z, 0-9, '.', '_', '-' and '/'")
    segments = path.split("/")[1:]
    if path != "/" and "" in segments:
        raise PydanticCustomError(
            "rule_path_slashes",
            "allowed: a path without '//' that does not end in '/': a rule for '/user' already "
            "holds for '/user/' and all below it",
        )
    if "." in segments or ".." in segments:
        raise PydanticCustomError(
            "rule_path_dots",
            "allowed: a path without the segments '.' and '..', which browsers resolve themselves",
        )
    return path


RulePath = Annotated[str, AfterValidator(_check_path)]
"""`/`, or `/a/b` without a trailing slash."""


class StripPrefix(Settings):
    """The backend sees the path without the rule's own: `/user/a` arrives as `/a`.

    It is told what was taken off in the header `X-Forwarded-Prefix`.
    """

    kind: Literal["strip_prefix"] = Field(
        description="`strip_prefix`: the backend sees the path without the rule's own."
    )


def _expand_short_form(value: object) -> object:
    if isinstance(value, str):
        if value != "strip_prefix":
            raise PydanticCustomError("rewrite", "allowed: 'strip_prefix', or null for no rewriting")
        return {"kind": value}
    return value


Rewrite = Annotated[
    StripPrefix,
    BeforeValidator(_expand_short_form, json_schema_input_type=Literal["strip_prefix"] | StripPrefix),
]
"""How a path is changed on its way: `{kind: strip_prefix}`, or in short `strip_prefix`."""


class PathRule(Settings):
    """One rule: requests for `path` and all below it, on `host`, go to `backend`."""

    path: RulePath = Field(description="Holds for itself and all below it: `/user` for `/user/a`, not `/users`.")
    backend: str = Field(description="A name under `services`.")
    host: DnsName | None = Field(
        default=None, description="The host name asked for; null for every host without own rules."
    )
    rewrite: Rewrite | None = Field(
        default=None,
        description="`strip_prefix` takes the path off before the backend sees it; null for no.",
    )


@dataclass(frozen=True)
class Backend:
    """The Service that a backend's name stands for."""

    service_name: pulumi.Input[str]
    port: pulumi.Input[int]
