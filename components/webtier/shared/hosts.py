"""The host that a rule or a certificate is for."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from webtier.shared.addresses import (
    LONGEST_NAME,
    has_form_of_lower_name,
    is_address,
    is_lower_name,
    reads_as_address,
)


def is_host(text: str) -> bool:
    """Whether a rule can be for this host. An API server refuses an Ingress for an address."""
    return len(text) <= LONGEST_NAME and is_lower_name(text.removeprefix("*."))


def _check_host(host: str) -> str:
    if is_address(host.strip("[]")) or (reads_as_address(host) and has_form_of_lower_name(host.removeprefix("*."))):
        raise PydanticCustomError(
            "address_as_host",
            "{what}; allowed: a host name such as 'shop.example.com', or null for every host without own rules, by "
            "which requests for an address are answered too",
            {
                "what": "it is an address, which Kubernetes refuses as the host of a rule"
                if is_address(host.strip("[]"))
                else "its last part is a number, so that every browser takes it for an address"
            },
        )
    if not is_host(host):
        raise PydanticCustomError(
            "rule_host",
            "allowed: a host name in lower case without a port, such as 'shop.example.com', or '*.example.com' for "
            "all names with one label before it",
        )
    return host


RuleHost = Annotated[str, AfterValidator(_check_host)]
"""A host name, or `*.` and one."""
