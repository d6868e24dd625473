"""What holds for whole hosts: certificates and redirects."""

from tests.cluster.conformance.case import Case, Chapter, Stored, host_fields
from tests.cluster.conformance.harness.asking import Ask

CERTIFICATES = {
    "secure-certificate": "secure.example",
    "both-certificate": "both.example",
    "wild-certificate": "*.tls.example",
    "issued.example-tls": "issued.example",
    "cluster-issued": "cluster-issued.example",
    "www-certificate": "www.main.example",
}
"""Secrets with a certificate, and whom it is for. Two of them are as an issuer would have filled them."""

_RULES = """
- {host: secure.example, path: /a, backend: alpha}
- {host: secure.example, path: /moved, redirect: {to: 'https://new.example/'}}
- {host: both.example, path: /, backend: alpha}
- {host: other-name.example, path: /, backend: alpha}
- {host: '*.tls.example', path: /, backend: alpha}
- {host: inner.tls.example, path: /, backend: beta}
- {host: issued.example, path: /, backend: alpha}
- {host: cluster-issued.example, path: /, backend: alpha}
- {host: apex.example, path: /, backend: alpha}
- {host: www.main.example, path: /, backend: alpha}
- {host: root.example, path: /shop, backend: alpha}
"""

_HOSTS = """
secure.example: {tls: {kind: secret, secret: secure-certificate}}
both.example: {tls: {kind: secret, secret: both-certificate}, tls_redirect: false}
other-name.example: {tls: {kind: secret, secret: secure-certificate}}
'*.tls.example': {tls: {kind: secret, secret: wild-certificate}}
issued.example: {tls: {kind: issuer, issuer: local}}
cluster-issued.example: {tls: {kind: issuer, cluster_issuer: letsencrypt, secret: cluster-issued}}
apex.example: {www_redirect: true}
www.main.example: {www_redirect: true, tls: {kind: secret, secret: www-certificate}}
root.example: {app_root: /shop}
"""


def _sent(field: str, shows: str, url: str, code: int, to: str, method: str = "GET") -> Case:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    ask = Ask(host, slash + path, method, https=scheme == "https")
    return Case(host_fields(field), shows, ask, code, None, headers={"location": to})


def _served(
    field: str, shows: str, url: str, service: str = "alpha", certificate: str | None = None, path: str | None = None
) -> Case:
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    https = scheme == "https"
    return Case(
        host_fields(field), shows, Ask(host, slash + target, https=https), 200, service, path, certificate=certificate
    )


_SECRET = "tls.<kind: secret>.secret"
_ISSUER = "tls.<kind: issuer>."

_CASES = (
    _served(_SECRET, "its certificate is shown", "https://secure.example/a", certificate="secure.example"),
    _served(_SECRET, "by default rules too", "https://secure.example/b", "home", "secure.example"),
    _served(_SECRET, "a wildcard's", "https://x.tls.example/a", certificate="*.tls.example"),
    _served(
        _SECRET, "without one it is the controller's own", "https://plain.example/user", certificate="ingress.local"
    ),
    _served(
        _SECRET,
        "one for another name is not shown",
        "https://other-name.example/a",
        certificate="ingress.local",
    ),
    _served(_ISSUER + "issuer", "what the issuer has filled", "https://issued.example/a", certificate="issued.example"),
    _served(
        _ISSUER + "secret",
        "what the issuer has filled, in the Secret named",
        "https://cluster-issued.example/a",
        certificate="cluster-issued.example",
    ),
    _sent("tls_redirect", "with a certificate", "http://secure.example/a?b=c", 308, "https://secure.example/a?b=c"),
    _sent("tls_redirect", "a slash at the end stays", "http://secure.example/a/", 308, "https://secure.example/a/"),
    _sent("tls_redirect", "/ too", "http://secure.example/", 308, "https://secure.example/"),
    _sent("tls_redirect", "where no rule is for the path", "http://secure.example/b", 308, "https://secure.example/b"),
    _sent("tls_redirect", "the method stays", "http://secure.example/a", 308, "https://secure.example/a", "POST"),
    _sent("tls_redirect", "a wildcard's certificate", "http://x.tls.example/a", 308, "https://x.tls.example/a"),
    _sent("tls_redirect", "with an issuer", "http://issued.example/a", 308, "https://issued.example/a"),
    _sent("tls_redirect", "a rule's redirect comes first", "http://secure.example/moved", 302, "https://new.example/"),
    _served("tls_redirect", "not when it shall not", "http://both.example/a"),
    _served("tls_redirect", "then over HTTPS too", "https://both.example/a", certificate="both.example"),
    _served("tls_redirect", "a wildcard's does not send its own hosts", "http://inner.tls.example/a", "beta"),
    _sent("www_redirect", "from www", "http://www.apex.example/a?b=c", 308, "http://apex.example/a?b=c"),
    _sent("www_redirect", "a slash at the end is lost", "http://www.apex.example/a/", 308, "http://apex.example/a"),
    _sent("www_redirect", "to www", "http://main.example/x", 308, "http://www.main.example/x"),
    _sent("www_redirect", "to www over HTTPS", "https://main.example/x", 308, "https://www.main.example/x"),
    _served("www_redirect", "the host itself is served", "http://apex.example/a"),
    _sent("app_root", "/ leads there", "http://root.example/", 302, "http://root.example/shop"),
    _sent("app_root", "over HTTPS too", "https://root.example/", 302, "https://root.example/shop"),
    _sent("app_root", "a port stays", "http://root.example:31250/", 302, "http://root.example:31250/shop"),
    _served("app_root", "and there is served", "http://root.example/shop"),
    _served("app_root", "all else stays", "http://root.example/other", "home"),
)

_STORED = (
    Stored(
        host_fields(_ISSUER + "issuer"),
        "cert-manager is told of it, and of the Secret `<host>-tls`",
        "issued.example",
        {"cert-manager.io/issuer": "local"},
        "issued.example-tls",
    ),
    Stored(
        host_fields(_ISSUER + "cluster_issuer", _ISSUER + "secret"),
        "cert-manager is told of it, and of the Secret named",
        "cluster-issued.example",
        {"cert-manager.io/cluster-issuer": "letsencrypt"},
        "cluster-issued",
    ),
)

HOSTS = Chapter(_RULES, _CASES, hosts=_HOSTS, others=_STORED)
