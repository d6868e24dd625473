"""The base of every settings model, and the field types that several of them share."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """Plain data, checked when it is made and unchangeable after: unknown keys are errors."""

    # Strict, since a number written as text ("3") is a mistake that would come back elsewhere.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, hide_input_in_errors=True
    )


_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+(?=/))?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_HTTP_PATH = re.compile(r"/[!-~]*")
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


DnsLabel = Annotated[str, AfterValidator(_check_dns_label)]
"""The name of most Kubernetes objects: an RFC 1123 label."""

ServiceName = Annotated[str, AfterValidator(_check_service_name)]
"""The name of an object that gets a Service: an RFC 1123 label that begins with a letter."""

DnsName = Annotated[str, AfterValidator(_check_dns_name)]
"""A host name: an RFC 1123 subdomain."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

NODE_PORT_MARK = "nodePort"
"""In the JSON schema of every field that takes a NodePort: two must not be the same in a stack."""

NodePort = Annotated[int, Field(ge=30000, le=32767, json_schema_extra={NODE_PORT_MARK: True})]
"""A port on every node, in the range that an API server hands out by default."""

Image = Annotated[str, AfterValidator(_check_image)]
"""A container image, with its tag or digest."""

HttpPath = Annotated[str, AfterValidator(_check_http_path)]
"""What is asked for over HTTP: `/` and printable characters."""
