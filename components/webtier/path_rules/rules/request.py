"""What nginx makes of a request before it looks at any rule: the path and the host that are compared, or a refusal.

The rules are those of nginx's source since 1.21.1 (`ngx_http_parse.c`: `ngx_http_parse_request_line` and
`ngx_http_parse_complex_uri`; `ngx_http_request.c`: `ngx_http_validate_host`; `ngx_string.c`: `ngx_escape_uri`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

LONGEST_LINE = 8192
"""Bytes of a request's first line with its end: ingress-nginx' `large-client-header-buffers`, 4 of 8k."""

_KEPT = "!$&'()*+,/:;=@[]~"
"""What nginx leaves as it is in a path that it writes anew, beyond letters, digits and `-._`."""


@dataclass(frozen=True)
class Refused:
    """nginx answers itself, whatever the rules say: `why` completes 'the request is refused: '."""

    code: Literal[400, 405, 414]
    why: str


class RefusedTargetError(ValueError):
    """A request's target that nginx answers with 400."""


@dataclass(frozen=True)
class Request:
    """What a client asks, as it is sent: nothing is decoded, and each byte is a character (Latin-1).

    `target` is the path and the query in the request's first line, and `host` the header of that name. The names of
    `headers` are in lower case.
    """

    target: str
    host: str
    method: str = "GET"
    https: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    address: str | None = None
    """The client's address; None for one that every list lets in."""

    @cached_property
    def refused(self) -> Refused | None:
        """Why nginx looks at no rule for it; None where it does."""
        if re.search(r"[\x00-\x20\x7f]", self.target):
            return Refused(400, "a space or a control character stands in the URL as it is, and not encoded")
        if re.fullmatch("[A-Z_-]+", self.method) is None:
            return Refused(400, f"'{self.method}' is no method")
        if len(f"{self.method} {self.target} HTTP/1.1\r\n") > LONGEST_LINE:
            return Refused(414, f"its first line has more than {LONGEST_LINE} bytes")
        try:
            normalized(self.target)
        except RefusedTargetError as error:
            return Refused(400, str(error))
        if host_name(self.host) is None:
            return Refused(400, f"'{self.host}' is no host" if self.host else "it names no host")
        if self.method in ("CONNECT", "TRACE"):
            return Refused(405, f"nginx does not know {self.method}")
        return None

    @cached_property
    def path(self) -> str:
        """What rules are compared with. RefusedTargetError where nginx refuses it."""
        return normalized(self.target)

    @property
    def query(self) -> str:
        """What stands behind the first `?`, which is no part of the path."""
        return self.target.partition("?")[2]

    @cached_property
    def name(self) -> str:
        """The host that rules are compared with; empty where nginx refuses it."""
        return host_name(self.host) or ""


def normalized(target: str) -> str:
    """The path of a request's target as rules see it: decoded, slashes merged, `.` and `..` resolved.

    RefusedTargetError for what nginx can't decode or resolve.
    """
    path = target.partition("?")[0]
    odd = re.search("%(?![0-9A-Fa-f]{2}).{0,2}", path)
    if odd is not None:
        raise RefusedTargetError(f"'{odd[0]}' is not '%' and two hexadecimal digits; a '%' itself is '%25'")
    if "%00" in path:
        raise RefusedTargetError("no path may have '%00'")
    segments: list[str] = []
    parts = re.sub("/+", "/", "/" + unquote_to_bytes(path.encode("latin-1")).decode("latin-1")).split("/")[1:]
    for number, part in enumerate(parts):
        if part == "..":
            if not segments:
                raise RefusedTargetError("a '..' leads out of '/'")
            segments.pop()
        elif part != ".":
            segments.append(part)
            continue
        if number == len(parts) - 1:
            segments.append("")
    return "/" + "/".join(segments)


def escaped(path: str) -> str:
    """A decoded path as nginx writes it into the request to a backend, where a rule has changed it."""
    return quote_from_bytes(path.encode("latin-1"), safe=_KEPT)


def readable(sent: str) -> str:
    """What is sent, or a path, for people: bytes that are UTF-8 as text, and on one line."""
    text = sent.encode("latin-1").decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def host_name(header: str) -> str | None:
    """The name in a header `Host`: in lower case, without a port and without one dot at its end; None for none."""
    header = header.strip(" ")
    if ".." in header or re.search(r"[\x00-\x20\x7f/]", header):
        return None
    literal = re.match(r"\[[^]]*\]", header)
    name = literal[0] if literal else header if header.startswith("[") else header.partition(":")[0]
    if header.rfind(".") == len(name) - 1:
        name = name.removesuffix(".")
    # Letters other than those of ASCII stay as they are.
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), name) or None
