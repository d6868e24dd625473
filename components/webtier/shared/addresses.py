"""Texts that name a machine: an IP address, a host name, networks, and URLs that begin with one."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from webtier.shared.problems import checked

LONGEST_NAME = 253
LONGEST_LABEL = 63

_HIGHEST_PORT = 65535
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, without brackets, zone or leading zeros."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def reads_as_address(host: str) -> bool:
    """Whether programs take a host name for an IPv4 address: its last label is a number.

    So the URL standard of WHATWG (section 3.5, the ends-in-a-number checker), and with it every browser.
    """
    return _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def is_network(text: str) -> bool:
    """Whether it is an address or a network as nginx and Kubernetes take one: a prefix length, and no netmask."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return _NETWORK.fullmatch(text) is not None


def nearest_network(text: str) -> str:
    """`10.0.0.0/8` for `10.1.2.3/8`; empty where none is near."""
    try:
        network = str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return ""
    return network if is_network(network) else ""


def meant_network(text: str) -> str:
    """`"did you mean '10.0.0.0/8'? "` for `10.1.2.3/8`; empty where none is near."""
    network = nearest_network(text)
    return f"did you mean '{network}'? " if network else ""


def name_problem(host: str) -> str | None:
    """What is wrong with a host name, in whatever case; None for nothing."""
    problem = _form_problem(host)
    if problem is None and reads_as_address(host):
        return "its last part is a number, as of an IPv4 address, and yet it is none"
    return problem


def _form_problem(host: str) -> str | None:
    if len(host) > LONGEST_NAME or _NAME.fullmatch(host) is None:
        return f"it is no host name: at most {LONGEST_NAME} letters, digits, '-' and '.'"
    if any(len(label) > LONGEST_LABEL for label in host.split(".")):
        return f"a part of the host name between dots has more than {LONGEST_LABEL} characters"
    return None


def url_problem(url: str) -> str | None:
    """What is wrong with the host and the port of a URL with a scheme; None for nothing."""
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"'{authority}' is no host with a port from 1 to {_HIGHEST_PORT}"
    if port == 0 or authority.endswith(":"):
        return f"its port is none; allowed is 1 to {_HIGHEST_PORT}"
    if is_address(host) and ":" in host and "[" not in authority:
        return "an IPv6 address stands in brackets in a URL"
    problem = None if is_address(host) else name_problem(host)
    return None if problem is None else f"'{host}': {problem}"


def machine_problem(text: str) -> str | None:
    """Why it names no one machine; None if it does. For what may also be empty."""
    if is_address(text) or is_lower_name(text):
        return None
    bare = _bare_host(text)
    hint = f"did you mean '{bare}'? " if is_address(bare) or is_lower_name(bare) else ""
    return (
        f"{hint}allowed: an IP address or a host name in lower case, and nothing else, such as '192.0.2.7', 'fd00::7' "
        "or 'node.example.com'"
    )


def is_lower_name(text: str) -> bool:
    """Whether it is a host name in lower case."""
    return text == text.lower() and name_problem(text) is None


def _bare_host(text: str) -> str:
    """The host of what may be a URL, or have a port, a user, a zone, capital letters or a final dot."""
    authority = _SCHEME.sub("", text.strip()).partition("/")[0].rpartition("@")[2].lower()
    if authority.startswith("["):
        host = authority[1:].partition("]")[0]
    else:
        host = authority.partition(":")[0] if authority.count(":") == 1 else authority
    return host.partition("%")[0].removesuffix(".")


def _certificate_name_problem(text: str) -> str | None:
    if is_address(text) or is_lower_name(text.removeprefix("*.")):
        return None
    return (
        "allowed: a host name in lower case, '*.' and one, or an IP address, such as 'redis.example.com' or "
        "'192.0.2.7'; no port and no scheme"
    )


CertificateName = Annotated[str, checked(_certificate_name_problem)]
"""What a certificate can be for: a host name, a wildcard, an address."""


def is_host(text: str) -> bool:
    """Whether a rule can be for this host. An API server refuses an Ingress for an address."""
    return len(text) <= LONGEST_NAME and is_lower_name(text.removeprefix("*."))


def _rule_host_problem(host: str) -> str | None:
    if is_host(host):
        return None
    if is_address(host.strip("[]")):
        what = "it is an address, which Kubernetes refuses as the host of a rule"
    elif reads_as_address(host) and host == host.lower() and _form_problem(host.removeprefix("*.")) is None:
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


RuleHost = Annotated[str, checked(_rule_host_problem)]
"""A host name, or `*.` and one."""
