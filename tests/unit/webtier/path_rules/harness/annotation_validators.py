"""What ingress-nginx itself demands of the annotations that rules become: their validators and risks, as in its source.

From `internal/ingress/annotations` of controller 1.15 (those of 1.11, which the embedded cluster runs, are the same or
laxer). ValidateRegex with `removeSpace` looks at the value without its spaces.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

_ALPHANUMERIC = r"\-\.\_\~a-zA-Z0-9\/:"
_BASIC = re.compile(f"[/{_ALPHANUMERIC}]*")
_WITH_SPACE = re.compile(f"[/{_ALPHANUMERIC} ]*")
_REGEX = re.compile(f"[/{_ALPHANUMERIC}" + re.escape(r"^$[](){}*+?|&=") + r"\\]*")
_URL = re.compile(f"[{_ALPHANUMERIC}:?&=]*")
_URL_WITH_VARIABLES = re.compile(f"[{_ALPHANUMERIC}:?&=$]*")
_PATH_WITH_CAPTURE = re.compile(rf"/?[{_ALPHANUMERIC}\/\$]*")
_HEADERS = re.compile(r"[A-Za-z0-9\-_, ]*")
_ORIGINS = re.compile(r"((((https?://)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?)+)|\*)?")
_METHODS = re.compile(r"([A-Za-z]+,?\s?)+")
_EXPOSED = re.compile(r"(([A-Za-z0-9\-_]+|\*),?\s?)+")
_SIZE = re.compile(r"\d+[bkmg]?", re.IGNORECASE)
_SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")

LOW, MEDIUM, HIGH = range(3)


@dataclass(frozen=True)
class Annotation:
    risk: int
    takes: Callable[[str], bool]


def _matching(pattern: re.Pattern[str], *, without_spaces: bool = False) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text.replace(" ", "") if without_spaces else text) is not None


def _one_of(*options: str) -> Callable[[str], bool]:
    return lambda text: text in options


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+", text) is not None


def _are_networks(text: str) -> bool:
    for network in text.split(","):
        ipaddress.ip_network(network.strip(), strict=False)
    return True


def _is_https_or_http(text: str) -> bool:
    return _URL.fullmatch(text) is not None and text.startswith(("http://", "https://"))


def _is_code(text: str) -> bool:
    # Others are replaced by 301.
    return _is_integer(text) and 300 <= int(text) <= 308


_BOOL = _one_of("true", "false")

VALIDATORS = {
    "use-regex": Annotation(LOW, _BOOL),
    "rewrite-target": Annotation(MEDIUM, _matching(_PATH_WITH_CAPTURE)),
    "x-forwarded-prefix": Annotation(MEDIUM, _matching(_PATH_WITH_CAPTURE, without_spaces=True)),
    "app-root": Annotation(MEDIUM, _matching(_PATH_WITH_CAPTURE)),
    "ssl-redirect": Annotation(LOW, _BOOL),
    "preserve-trailing-slash": Annotation(MEDIUM, _BOOL),
    "from-to-www-redirect": Annotation(LOW, _BOOL),
    "permanent-redirect": Annotation(MEDIUM, _is_https_or_http),
    "permanent-redirect-code": Annotation(LOW, _is_code),
    "canary": Annotation(LOW, _BOOL),
    "canary-weight": Annotation(LOW, _is_integer),
    "canary-weight-total": Annotation(LOW, _is_integer),
    "canary-by-header": Annotation(MEDIUM, _matching(_BASIC, without_spaces=True)),
    "canary-by-header-value": Annotation(MEDIUM, _matching(_BASIC, without_spaces=True)),
    "canary-by-header-pattern": Annotation(MEDIUM, _matching(_REGEX)),
    "canary-by-cookie": Annotation(MEDIUM, _matching(_BASIC, without_spaces=True)),
    "enable-cors": Annotation(LOW, _BOOL),
    "cors-allow-origin": Annotation(MEDIUM, _matching(_ORIGINS, without_spaces=True)),
    "cors-allow-methods": Annotation(MEDIUM, _matching(_METHODS)),
    "cors-allow-headers": Annotation(MEDIUM, _matching(_HEADERS)),
    "cors-expose-headers": Annotation(MEDIUM, _matching(_EXPOSED)),
    "cors-allow-credentials": Annotation(LOW, _BOOL),
    "cors-max-age": Annotation(LOW, _is_integer),
    "custom-http-errors": Annotation(LOW, _matching(re.compile(r"(?:[4,5]\d{2},?)*"), without_spaces=True)),
    "default-backend": Annotation(LOW, _matching(_SERVICE)),
    "proxy-body-size": Annotation(MEDIUM, _matching(_SIZE, without_spaces=True)),
    "proxy-request-buffering": Annotation(LOW, _one_of("on", "off")),
    "proxy-connect-timeout": Annotation(LOW, _is_integer),
    "proxy-read-timeout": Annotation(LOW, _is_integer),
    "proxy-send-timeout": Annotation(LOW, _is_integer),
    "limit-rps": Annotation(LOW, _is_integer),
    "limit-rpm": Annotation(LOW, _is_integer),
    "limit-connections": Annotation(LOW, _is_integer),
    "limit-burst-multiplier": Annotation(LOW, _is_integer),
    "limit-allowlist": Annotation(LOW, _are_networks),
    "allowlist-source-range": Annotation(MEDIUM, _are_networks),
    "denylist-source-range": Annotation(MEDIUM, _are_networks),
    "affinity": Annotation(LOW, _one_of("cookie")),
    "affinity-mode": Annotation(MEDIUM, _one_of("balanced", "persistent")),
    "session-cookie-name": Annotation(MEDIUM, _matching(_BASIC, without_spaces=True)),
    "session-cookie-max-age": Annotation(MEDIUM, _matching(re.compile(r"0|-?[1-9]\d*"))),
    "session-cookie-path": Annotation(MEDIUM, _matching(_URL, without_spaces=True)),
    "session-cookie-samesite": Annotation(LOW, _one_of("None", "Lax", "Strict")),
    "session-cookie-secure": Annotation(LOW, _BOOL),
    "session-cookie-change-on-failure": Annotation(LOW, _BOOL),
    "auth-type": Annotation(LOW, _one_of("basic", "digest")),
    "auth-secret": Annotation(MEDIUM, _matching(_BASIC, without_spaces=True)),
    "auth-secret-type": Annotation(LOW, _one_of("auth-file", "auth-map")),
    "auth-realm": Annotation(MEDIUM, _matching(_WITH_SPACE)),
    "auth-url": Annotation(HIGH, _matching(_URL_WITH_VARIABLES, without_spaces=True)),
    "auth-signin": Annotation(HIGH, _matching(_URL_WITH_VARIABLES, without_spaces=True)),
    "auth-method": Annotation(LOW, _one_of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
    "auth-response-headers": Annotation(MEDIUM, _matching(_HEADERS)),
}
"""By the annotation's name without its prefix."""
