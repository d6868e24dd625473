"""Rules of every kind, for a test of what URLs hit: every match, rewrite and redirect, on hosts of every kind."""

from tests.cluster.harness.stacks.rules_stack import WEB_IMAGE
from webtier.path_rules import HostSettings, PathRule
from webtier.web_service import WebServiceSettings

DEFAULT_BACKEND = "home"
IDN = "bücher.example"
IDN_ON_THE_WIRE = "xn--bcher-kva.example"
CERTIFICATE = "secure-certificate"

_PLAIN = [
    {"path": "/a", "backend": "app"},
    {"path": "/a/b", "backend": "api"},
    {"path": "/a/b/c", "match": "exact", "backend": "web"},
    {"path": "/v1.2", "backend": "api"},
    {"path": "/old", "redirect": {"to": "https://new.example/place?x=y", "code": 301}},
    {"path": "/closed", "backend": "web", "access": {"deny": ["0.0.0.0/0"]}},
    {"path": "/cors", "backend": "api", "cors": {"origins": ["https://shop.example"]}},
]
_REWRITTEN = [
    {"path": "/strip", "backend": "app", "rewrite": "strip_prefix"},
    {"path": "/strip/deep", "backend": "api", "rewrite": "strip_prefix"},
    {"path": "/replace", "backend": "web", "rewrite": {"kind": "replace_prefix", "with": "/x/y"}},
    {"path": "/rooted", "backend": "web", "rewrite": {"kind": "replace_prefix", "with": "/"}},
    {"path": "/page", "match": "exact", "backend": "web", "rewrite": {"kind": "replace_prefix", "with": "/new-page"}},
    {"path": "/items/([^/]+)", "match": "regex", "backend": "api", "rewrite": {"kind": "regex", "to": "/item/$1"}},
    {"path": "/(red|blue)/(.*)", "match": "regex", "backend": "app", "rewrite": {"kind": "regex", "to": "/$2/$1"}},
    {"path": "/files/.*\\.png", "match": "regex", "backend": "web"},
    {"path": "/gone/[0-9]+", "match": "regex", "redirect": {"to": "http://new.example/gone", "code": 307}},
]
_HOSTS = {
    None: [*_PLAIN, {"path": "/strip", "backend": "web", "rewrite": "strip_prefix"}],
    "shop.example": [*_PLAIN, *_REWRITTEN],
    "*.wild.example": [{"path": "/a", "backend": "api"}, *_REWRITTEN],
    "own.wild.example": [{"path": "/own", "backend": "app"}],
    "base.example": [{"path": "/", "backend": "app", "rewrite": {"kind": "replace_prefix", "with": "/base"}}],
    "apex.example": [{"path": "/", "backend": "web"}],
    "www.main.example": [{"path": "/a", "backend": "web"}],
    "root.example": [{"path": "/start", "backend": "app"}],
    "*.root.example": [{"path": "/start", "backend": "app"}],
    "secure.example": [*_PLAIN, *_REWRITTEN],
    IDN_ON_THE_WIRE: [{"path": "/a", "backend": "web"}],
}
HOST_SETTINGS = {
    "apex.example": {"www_redirect": True},
    "www.main.example": {"www_redirect": True},
    "root.example": {"app_root": "/start"},
    "*.root.example": {"app_root": "/start"},
    "secure.example": {"tls": {"kind": "secret", "secret": CERTIFICATE}},
}
SERVICES = ("app", "api", "web", DEFAULT_BACKEND)


def path_rules() -> list[PathRule]:
    return [
        PathRule.model_validate({**rule, **({} if host is None else {"host": host})})
        for host, rules in _HOSTS.items()
        for rule in rules
    ]


def host_settings() -> dict[str, HostSettings]:
    return {host: HostSettings.model_validate(given) for host, given in HOST_SETTINGS.items()}


def services() -> dict[str, WebServiceSettings]:
    """Each says who it is, what it was asked for to the last byte, and what was there before."""
    return {name: _service(name) for name in SERVICES}


def _service(name: str) -> WebServiceSettings:
    says = (
        # More than the controller takes, since what it encodes gets longer.
        "large_client_header_buffers 4 32k;\n"
        "server { listen 8080; default_type text/plain; location / { "
        f"return 200 '{name}\\n$request_uri\\n$http_x_forwarded_prefix'; }} }}\n"
    )
    given = {"image": WEB_IMAGE, "replicas": 1, "files": {"/etc/nginx/conf.d/default.conf": says}}
    return WebServiceSettings.model_validate(given)
