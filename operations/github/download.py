"""A file that an API hands out, itself or by a redirect to where it is stored."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from command_line.errors import UserError

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECONDS = 120


def opener() -> urllib.request.OpenerDirector:
    """One that follows no redirect: another server must not get the token."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def download(url: str, headers: Mapping[str, str], most: int) -> bytes:
    """What is at `url`. The storage that it may lead to is asked without `headers`, which have the token.

    Raises HTTPError as the API refuses it, OSError without an answer, and UserError for more than `most` bytes, or for
    a storage that can't be used.
    """
    try:
        return _read(url, headers, most, url)
    except urllib.error.HTTPError as error:
        if error.code not in _REDIRECTS:
            raise
        storage = urljoin(url, error.headers.get("Location", ""))
    # Its query is a credential of its own, so the host alone is named.
    named = f"{url}, from the storage {urlsplit(storage).hostname}"
    if urlsplit(storage).scheme not in {"https", urlsplit(url).scheme}:
        raise UserError(f"{named}: it is not read, since its address is not https.")
    try:
        return _read(storage, {}, most, named)
    except urllib.error.HTTPError as error:
        raise UserError(f"{named}: HTTP {error.code}. Run this job again.") from None
    except OSError as error:
        raise UserError(f"{named}: no answer: {error}. Run this job again.") from None


def _read(url: str, headers: Mapping[str, str], most: int, named: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "webtier", **headers})  # noqa: S310 (checked above)
    answer: Any
    with opener().open(request, timeout=_SECONDS) as answer:
        content: bytes = answer.read(most + 1)
    if len(content) > most:
        raise UserError(f"{named}: has more than the {most:,} bytes that are taken.")
    return content
