"""The base of every settings model, and the field types that several of them share."""

import re
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypeIs

from webtier.shared.addresses import is_network, meant_network


class Settings(BaseModel):
    """Plain data, checked when it is made and unchangeable after: unknown keys are errors.

    A group that is given in part keeps its other defaults: with `resources: {limits: {cpu: "1"}}` the default
    requests and memory limit still hold. `null` takes one away, where the field allows it.
    """

    # Strict, since a number written as text ("3") is a mistake that would come back elsewhere.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _complete_groups(cls, given: object) -> object:
        values = _as_object(given)
        if values is None:
            return given
        completed = dict(values)
        for name, field in cls.model_fields.items():
            default: object = field.get_default(call_default_factory=True, validated_data={})
            part = _as_object(values.get(name))
            if part is not None and _is_group_of(default, field):
                completed[name] = _completed(default, part)
        return completed


def _is_group_of(default: object, field: FieldInfo) -> TypeIs[Settings]:
    # Of a union's alternatives another one than the default's may be meant.
    return isinstance(default, Settings) and field.annotation is type(default)


def _completed(default: Settings, given: dict[str, object]) -> dict[str, object]:
    completed = dict(given)
    for name, field in type(default).model_fields.items():
        value: object = getattr(default, name)
        part = _as_object(given.get(name))
        if part is not None and _is_group_of(value, field):
            completed[name] = _completed(value, part)
        elif name not in given:
            completed[name] = value
    return completed


def _as_object(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+(?=/))?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_HTTP_PATH = re.compile(r"/[!-~]*")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_QUALIFIED_NAME = re.compile(
    r"([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def _check_dns_label(text: str) -> str:
    if _DNS_LABEL.fullmatch(text) is None:
        raise PydanticCustomError(
            "dns_label",
            "allowed: 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit (an RFC 1123 label)",
        )
    return text


def _check_service_name(text: str) -> str:
    if _SERVICE_NAME.fullmatch(text) is None:
        raise PydanticCustomError(
            "service_name",
            "allowed: 1 to 63 of a-z, 0-9 and '-', beginning with a letter and ending with a "
            "letter or digit (a Service's name is an RFC 1035 label)",
        )
    return text


def _check_dns_name(text: str) -> str:
    if len(text) > 253 or _DNS_NAME.fullmatch(text) is None:
        raise PydanticCustomError(
            "dns_name",
            "allowed: a DNS name in lower case, such as 'shop.example.com' (an RFC 1123 subdomain)",
        )
    return text


def _check_image(text: str) -> str:
    if _IMAGE.fullmatch(text) is None or not ("@" in text or ":" in text.rpartition("/")[2]):
        raise PydanticCustomError(
            "image",
            "allowed: an image with its tag or digest, such as 'docker.io/library/redis:8.2.1'",
        )
    return text


def _check_http_path(text: str) -> str:
    if _HTTP_PATH.fullmatch(text) is None:
        raise PydanticCustomError("http_path", "allowed: '/' and then printable characters, such as '/healthz'")
    return text


def check_port_name(text: str) -> str:
    """For validators of what may also be something else. PydanticCustomError for no port's name."""
    if len(text) > 15 or _PORT_NAME.fullmatch(text) is None:
        raise PydanticCustomError(
            "port_name",
            "allowed: 1 to 15 of a-z, 0-9 and single '-' between them, at least one of them a letter, such as 'http'",
        )
    return text


def _check_qualified_name(text: str) -> str:
    if len(text.rpartition("/")[0]) > 253 or _QUALIFIED_NAME.fullmatch(text) is None:
        raise PydanticCustomError(
            "qualified_name",
            "allowed: 1 to 63 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit, and "
            "before it a DNS name and '/' if it shall have one, such as 'team' or 'example.com/team'",
        )
    return text


def _check_label_value(text: str) -> str:
    if _LABEL_VALUE.fullmatch(text) is None:
        raise PydanticCustomError(
            "label_value",
            "allowed: at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', beginning and ending with a letter or digit",
        )
    return text


def _check_cidr(text: str) -> str:
    if not is_network(text) or "/" not in text:
        raise PydanticCustomError(
            "cidr",
            "{hint}allowed: addresses as a CIDR without host bits, such as '10.0.0.0/8' or '192.0.2.7/32'",
            {"hint": meant_network(text)},
        )
    return text


DnsLabel = Annotated[str, AfterValidator(_check_dns_label)]
"""The name of most Kubernetes objects: an RFC 1123 label."""

ServiceName = Annotated[str, AfterValidator(_check_service_name)]
"""The name of an object that gets a Service: an RFC 1123 label that begins with a letter."""

DnsName = Annotated[str, AfterValidator(_check_dns_name)]
"""A host name: an RFC 1123 subdomain."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

MOVED_KEYS = "movedKeys"
"""In the JSON schema of a model: keys that it had in an earlier release, each with where it is now."""

NODE_PORT_MARK = "nodePort"
"""In the JSON schema of every field that takes a NodePort: two must not be the same in a stack."""

NodePort = Annotated[int, Field(ge=30000, le=32767, json_schema_extra={NODE_PORT_MARK: True})]
"""A port on every node, in the range that an API server hands out by default."""

Image = Annotated[str, AfterValidator(_check_image)]
"""A container image, with its tag or digest."""

HttpPath = Annotated[str, AfterValidator(_check_http_path)]
"""What is asked for over HTTP: `/` and printable characters."""

PortName = Annotated[str, AfterValidator(check_port_name)]
"""The name of a container's port, and so of a Service's: an IANA service name."""

QualifiedName = Annotated[str, AfterValidator(_check_qualified_name)]
"""The key of a label or an annotation, and what else Kubernetes names so."""

LabelValue = Annotated[str, AfterValidator(_check_label_value)]
"""The value of a label."""

Cidr = Annotated[str, AfterValidator(_check_cidr)]
"""Addresses by their common first bits."""
