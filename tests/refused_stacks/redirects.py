"""Redirects that never end."""

from tests.refused_rules.case import Refused


def _loop(name: str, config: str, url: str, chain: str, position: int = 0) -> Refused:
    """`chain` is how the way of the redirect goes on that leads to this URL."""
    reason = f"a loop, which no browser leaves: {url} (routes[{position}]), then {chain}"
    return Refused(name, config, f"routes[{position}].redirect.to", f'"{url}"', reason)


def _to(path: str, url: str, host: str = "a.example", more: str = "") -> str:
    return f"{{host: '{host}', path: '{path}', redirect: {{to: '{url}'}}{more}}}"


_CHAIN = ", ".join(_to(f"/p{number}", f"http://a.example/p{number + 1}") for number in range(21))

REDIRECTS = (
    _loop(
        "a path to itself",
        f"routes: [{_to('/x', 'http://a.example/x')}]",
        "http://a.example/x",
        "http://a.example/x (routes[0]), and so on",
    ),
    _loop(
        "an exact path to itself",
        f"routes: [{_to('/x', 'https://a.example/x', more=', match: exact')}]",
        "https://a.example/x",
        "https://a.example/x (routes[0]), and so on",
    ),
    _loop(
        "a prefix to a path below it",
        f"routes: [{_to('/old', 'http://a.example/old/new')}]",
        "http://a.example/old/new",
        "http://a.example/old/new (routes[0])",
    ),
    _loop(
        "all paths to HTTPS of the same host",
        f"routes: [{_to('/', 'https://a.example/')}]",
        "https://a.example/",
        "https://a.example/ (routes[0])",
    ),
    _loop(
        "all paths to HTTPS of the same host with a certificate",
        f"{{routes: [{_to('/', 'https://a.example/h')}], hosts: {{a.example: {{tls: {{kind: secret, secret: a}}}}}}}}",
        "https://a.example/h",
        "https://a.example/h (routes[0])",
    ),
    _loop(
        "the same host in capital letters",
        f"routes: [{_to('/x', 'http://A.EXAMPLE/x')}]",
        "http://A.EXAMPLE/x",
        "http://A.EXAMPLE/x (routes[0])",
    ),
    _loop(
        "the same host with the port of HTTP",
        f"routes: [{_to('/x', 'http://a.example:80/x')}]",
        "http://a.example:80/x",
        "http://a.example:80/x (routes[0])",
    ),
    _loop(
        "the same host with the port of HTTPS",
        f"routes: [{_to('/x', 'https://a.example:443/x')}]",
        "https://a.example:443/x",
        "https://a.example:443/x (routes[0])",
    ),
    _loop(
        "a path that nginx makes the same",
        f"routes: [{_to('/x', 'http://a.example/y/../x//z')}]",
        "http://a.example/y/../x//z",
        "http://a.example/y/../x//z (routes[0])",
    ),
    _loop(
        "the same path with a query",
        f"routes: [{_to('/x', 'http://a.example/x?again=1')}]",
        "http://a.example/x?again=1",
        "http://a.example/x?again=1 (routes[0])",
    ),
    _loop(
        "a regex to one of its own paths",
        f"routes: [{_to('/(x|y)', 'http://a.example/y', more=', match: regex')}]",
        "http://a.example/y",
        "http://a.example/y (routes[0])",
    ),
    _loop(
        "two rules to each other",
        f"routes: [{_to('/x', 'http://a.example/y')}, {_to('/y', 'http://a.example/x')}]",
        "http://a.example/y",
        "http://a.example/x (routes[1]), then http://a.example/y (routes[0]), and so on",
    ),
    _loop(
        "two hosts to each other",
        f"routes: [{_to('/', 'https://b.example/')}, {_to('/', 'https://a.example/', 'b.example')}]",
        "https://b.example/",
        "https://a.example/ (routes[1])",
    ),
    _loop(
        "three hosts in a ring",
        f"routes: [{_to('/', 'https://b.example/')}, {_to('/', 'https://c.example/', 'b.example')}, "
        f"{_to('/', 'https://a.example/', 'c.example')}]",
        "https://b.example/",
        "https://c.example/ (routes[1]), then https://a.example/ (routes[2])",
    ),
    _loop(
        "over the rules of every host",
        f"routes: [{_to('/x', 'https://b.example/y')}, {{path: /y, redirect: {{to: 'https://a.example/x'}}}}]",
        "https://b.example/y",
        "https://a.example/x (routes[1])",
    ),
    _loop(
        "a wildcard to a name under it",
        f"routes: [{_to('/', 'https://shop.a.example/', '*.a.example')}]",
        "https://shop.a.example/",
        "https://shop.a.example/ (routes[0])",
    ),
    _loop(
        "against www_redirect",
        f"{{routes: [{_to('/', 'https://www.a.example/')}], hosts: {{a.example: {{www_redirect: true}}}}}}",
        "https://www.a.example/",
        "https://a.example (hosts.a.example.www_redirect), then https://www.a.example/ (routes[0])",
    ),
    _loop(
        "against app_root",
        f"{{routes: [{_to('/shop', 'https://a.example/')}], hosts: {{a.example: {{app_root: /shop}}}}}}",
        "https://a.example/",
        "https://a.example/shop (hosts.a.example.app_root)",
    ),
    _loop(
        "over HTTPS and another host",
        f"{{routes: [{_to('/x', 'http://b.example/y')}, {_to('/y/z', 'http://a.example/x', 'b.example')}, "
        f"{_to('/y', 'https://b.example/y/z', 'b.example')}]}}",
        "http://b.example/y",
        "https://b.example/y/z (routes[2]), then http://a.example/x (routes[1])",
    ),
    Refused(
        "more redirects than browsers follow",
        f"routes: [{_CHAIN}]",
        "routes[0].redirect.to",
        '"http://a.example/p1"',
        "browsers give up after 20 redirects, and this leads to more: http://a.example/p1 (routes[0]), then",
    ),
)
