"""The host that a rule or a certificate is for."""

from typing import Annotated

from webtier.shared.addresses import (
    LONGEST_NAME,
    has_form_of_lower_name,
    is_address,
    is_lower_name,
    reads_as_address,
)
from webtier.shared.problems import checked


def is_host(text: str) -> bool:
    """Whether a rule can be for this host. An API server refuses an Ingress for an address."""
    return len(text) <= LONGEST_NAME and is_lower_name(text.removeprefix("*."))


def _problem(host: str) -> str | None:
    if is_host(host):
        return None
    if is_address(host.strip("[]")):
        what = "it is an address, which Kubernetes refuses as the host of a rule"
    elif reads_as_address(host) and has_form_of_lower_name(host.removeprefix("*.")):
        what = "its last part is a number, so that every browser takes it for an address"
    else:
        return (
            "allowed: a host name in lower case without a port, such as 'shop.example.com', or '*.example.com' for "
            "all names with one label before it"
        )
    return (
        f"{what}; allowed: a host name such as 'shop.example.com', or null for every host without own rules, by which "
        "requests for an address are answered too"
    )


RuleHost = Annotated[str, checked(_problem)]
"""A host name, or `*.` and one."""
