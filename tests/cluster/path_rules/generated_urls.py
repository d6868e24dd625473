"""URLs as no client of good manners would write them: odd escapes, slashes, dots, hosts, queries and lengths."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.cluster.path_rules.url_rules import IDN, IDN_ON_THE_WIRE

_HOSTS = (
    *("shop.example",) * 15,
    *("elsewhere.net", "localhost", "127.0.0.1", "[::1]", "[2001:db8::1]", "_", "x-y.z.example"),
    *("x.wild.example", "own.wild.example", "a_b.wild.example", "a.b.wild.example", "-.wild.example", "wild.example"),
    *("*.wild.example", "base.example", "apex.example", "www.apex.example", "www.main.example", "main.example"),
    *("root.example", "x.root.example", "secure.example", "secure.example", "any.secure.example", "www.shop.example"),
    *("www.www.apex.example", "shop..example", ".shop.example", "", "."),
)
_BEGINNINGS = (
    *("/", "/a", "/a", "/a/b", "/a/b/c", "/v1.2", "/old", "/closed", "/cors", "/strip", "/strip/deep", "/replace"),
    *("/rooted", "/page", "/items/7", "/items/", "/red/x", "/blue/", "/files/x.png", "/gone/12", "/own", "/start"),
    *("/healthz", "/nginx_status", "/A", "/aa", "/striped", "/any"),
)
_PIECES = (
    *("/", "/", "//", "/./", "/../", "/..", "/.", "/...", "..", ".", "%2F", "%2f", "%2E%2e", "/%2e%2e/", "/%2E/"),
    *("%00", "%0A", "%0d", "%09", "%20", "%25", "%252F", "%25%32f", "%2500", "%3F", "%3f", "%23", "%5C", "%7F", "%41"),
    *("%zz", "%", "%%", "%2", "%2%46", "%g0", "%u20ac", "%C3%BC", "%c3", "%FF", "%E2%82%AC"),
    *("ü", "ß", "ÿ", "日本", "\xa0", "\x85", " ", "\t", "\x7f", "b", "c", "x", "X", "-", "_", "png", ".png"),
    *(";", ";x=1", "+", "&", "=", ",", ":", "@", "!", "$", "$1", "'", "(", ")", "*", "~", "[", "]"),
    *('"', "<", ">", "\\", "^", "`", "{", "|", "}"),
)
_QUERIES = ("", "", "", "?", "?x=y", "?x=/%2F/../", "?a=b/", "?%zz%00", "??", "?x=ü", "?/", "?x=%20+;", "?a?b", "? ")
_FRAGMENTS = ("", "", "", "", "#", "#top", "#/?x", "# %")
_METHODS = (*("GET",) * 12, "POST", "PROPFIND", "TRACE", "HEAD", "G@T")
_ORIGINS = ("https://shop.example", "https://evil.example")
_LONGEST = 8192 - len("GET  HTTP/1.1\r\n")


@dataclass(frozen=True)
class Asked:
    """A URL, and what is sent of it: `target` and `host` as bytes, which are written down here by themselves."""

    url: str
    target: bytes
    host: bytes
    method: str = "GET"
    https: bool = False
    origin: str = ""


def generated(count: int, seed: int) -> Iterator[Asked]:
    """So many of them, the same for the same seed."""
    chosen = random.Random(seed)  # noqa: S311 - for the same URLs each time
    for _ in range(count):
        yield _asked(chosen)


def _asked(chosen: random.Random) -> Asked:
    host, sent_host = _host(chosen)
    path = chosen.choice(_BEGINNINGS) + "".join(chosen.choices(_PIECES, k=chosen.choice((0, 0, 1, 1, 2, 3, 6))))
    query = chosen.choice(_QUERIES)
    is_preflight = chosen.random() < 0.1
    if is_preflight and chosen.random() < 0.5:
        host, sent_host, path = "shop.example", "shop.example", "/cors" + chosen.choice(("", "//x", "/%2e"))
    length = chosen.random()
    if length < 0.02:
        # Around the longest line that is taken, and far beyond it. Spaces at its end count, and are no part of the URL.
        query = query.rstrip(" ")
        path += "/" + "x" * (_LONGEST - len((path + query).encode()) - 1 + chosen.choice((-1, 0, 1, 2000)))
    elif length < 0.04:
        path += "/%20ü" * chosen.randrange(100, 1000)
    elif length < 0.1:
        path = ""
    https = chosen.random() < 0.2
    return Asked(
        url=f"{'https' if https else 'http'}://{host}{path}{query}{chosen.choice(_FRAGMENTS)}",
        # A path is never empty, and a fragment never sent.
        target=((path or "/") + query).encode(),
        host=sent_host.encode(),
        method="OPTIONS" if is_preflight else chosen.choice(_METHODS),
        https=https,
        origin=chosen.choice(_ORIGINS) if is_preflight else "",
    )


def _host(chosen: random.Random) -> tuple[str, str]:
    """As it stands in a URL, and as it is sent."""
    if chosen.random() < 0.05:
        host, sent = IDN, IDN_ON_THE_WIRE
        if chosen.random() < 0.5:
            host = host.upper()
    else:
        host = sent = chosen.choice(_HOSTS)
        if chosen.random() < 0.2:
            host = sent = "".join(each.upper() if chosen.random() < 0.5 else each for each in host)
    ending = chosen.choice(("", "", "", "", "", "", ".", ":80", ":8080", ".:8080", ":", ".."))
    if host.startswith("["):
        ending = ending.replace(".", "")
    return host + ending, sent + ending
