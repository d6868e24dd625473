"""Redirects, options and settings of whole hosts that are refused."""

from tests.refused_rules.case import CANARY, Refused, one

OPTIONS = (
    # Redirects.
    Refused(
        "a redirect and a backend",
        one("redirect: {to: 'https://new.example'}"),
        "routes[0].backend",
        None,
        "a redirect is the whole answer, and comes before all else that is asked or done",
    ),
    Refused(
        "a redirect to a path",
        "routes: [{path: /a, redirect: {to: /b}}]",
        "routes[0].redirect.to",
        '"/b"',
        "allowed: a whole URL such as 'https://www.example.com/new'",
    ),
    Refused(
        "a redirect that is none",
        "routes: [{path: /a, redirect: {to: 'https://new.example', code: 200}}]",
        "routes[0].redirect.code",
        "200",
        "allowed: one of '301', '302', '303', '307', '308'",
    ),
    # Options.
    Refused(
        "credentials from anywhere",
        one("cors: {origins: ['*'], credentials: true}"),
        "routes[0].cors.credentials",
        "true",
        "browsers refuse credentials from the origin '*'; allowed: false, or the origins by name",
    ),
    Refused(
        "all origins and one more",
        one("cors: {origins: ['*', 'https://a.example']}"),
        "routes[0].cors.origins[0]",
        '"*"',
        "'*' means all origins, the others too; allowed: '*' alone, or origins without it",
    ),
    Refused(
        "an origin with a path",
        one("cors: {origins: ['https://a.example/x']}"),
        "routes[0].cors.origins[0]",
        '"https://a.example/x"',
        "without a path",
    ),
    Refused(
        "error pages without a backend",
        one("error_pages: {codes: [404]}"),
        "routes[0].error_pages.backend",
        None,
        "not set, but needed: The web service that answers instead",
    ),
    Refused(
        "error pages of a canary",
        one("error_pages: {codes: [404], backend: errors}, canary: {" + CANARY + "}"),
        "routes[0].error_pages",
        None,
        "the controller would send a part of the errors to the canary",
    ),
    Refused(
        "error pages that move a session",
        one("error_pages: {codes: [404], backend: errors}, affinity: {mode: persistent}"),
        "routes[0].affinity.mode",
        '"persistent"',
        "every error would move the client to another pod",
    ),
    Refused(
        "an error that leads to the sign-in",
        "{ingress: {allow_external_auth: true}, routes: [{path: /a, backend: user-v1, error_pages: {codes: [401, 404], "
        "backend: errors}, auth: {kind: external, url: 'http://a.example', sign_in_url: 'http://b.example'}}]}",
        "routes[0].error_pages.codes[0]",
        "401",
        "a 401 already leads to auth.sign_in_url",
    ),
    Refused(
        "an error twice",
        one("error_pages: {codes: [404, 503, 404], backend: errors}"),
        "routes[0].error_pages.codes[2]",
        "404",
        "codes[0] is the same; allowed: each status once",
    ),
    Refused(
        "a success as an error",
        one("error_pages: {codes: [200], backend: errors}"),
        "routes[0].error_pages.codes[0]",
        "200",
        "allowed: a whole number from 400 to 599",
    ),
    Refused("a body size", one("body_size: 8 MB"), "routes[0].body_size", '"8 MB"', "allowed: text such as '8Mi'"),
    Refused(
        "a timeout as text",
        one("timeouts: {read_seconds: 60s}"),
        "routes[0].timeouts.read_seconds",
        '"60s"',
        "allowed: a whole number from 1 to 86400",
    ),
    Refused("a limit of nothing", one("limits: {burst_multiplier: 2}"), "routes[0].limits", None, "nothing is limited"),
    Refused(
        "a limit that limits nothing",
        one("limits: {rps: 1, rpm: 100}"),
        "routes[0].limits.rpm",
        "100",
        "1 a second are never more than 60 a minute, so that it limits nothing; allowed: less than 60, or no 'rpm'",
    ),
    Refused(
        "an allowed network that is denied",
        one("access: {allow: [192.0.2.0/24, 10.1.0.0/16], deny: [10.0.0.0/8]}"),
        "routes[0].access.allow[1]",
        '"10.1.0.0/16"',
        "all of it is in deny[0] (10.0.0.0/8), which comes first, so that no client there would be let in",
    ),
    Refused("lists of nothing", one("access: {}"), "routes[0].access", None, "both lists are empty"),
    Refused(
        "an address within a network",
        one("access: {allow: [10.1.2.3/8]}"),
        "routes[0].access.allow[0]",
        '"10.1.2.3/8"',
        "did you mean '10.0.0.0/8'",
    ),
    Refused(
        "a cookie that browsers drop",
        one("affinity: {samesite: None}"),
        "routes[0].affinity.secure",
        "false",
        "browsers drop a cookie with samesite None that is not secure; allowed: true",
    ),
    Refused(
        "one cookie of two services",
        "routes: [{path: /a, backend: user-v1, affinity: {cookie: s}}, "
        "{path: /b, backend: pay-v1, affinity: {cookie: s}}]",
        "routes[1].affinity.cookie",
        '"s"',
        "routes[0] has this cookie on the same host for user-v1, and one cookie can't remember the pods of two",
    ),
    Refused(
        "basic and external at once",
        one("auth: {kind: basic, secret: users, url: 'http://auth.example'}"),
        "routes[0].auth.url",
        None,
        "unknown key; did you mean 'realm'? known here: format, kind, realm, scheme, secret",
    ),
    Refused(
        "external authentication that the controller refuses",
        one("auth: {kind: external, url: 'http://auth.example/check'}"),
        "routes[0].auth.kind",
        '"external"',
        "the controller takes it only where ingress.allow_external_auth is true",
    ),
    # Whole hosts.
    Refused(
        "a host without rules",
        "{routes: [{host: shop.example, path: /a, backend: user-v1}], hosts: {shop.exmple: {}}}",
        'hosts["shop.exmple"]',
        None,
        "no route has this host; did you mean 'shop.example'? allowed: a host of a route: shop.example",
    ),
    Refused(
        "HTTPS without a certificate",
        "{routes: [{host: a.example, path: /a, backend: user-v1}], hosts: {a.example: {tls_redirect: true}}}",
        'hosts["a.example"].tls_redirect',
        "true",
        "HTTPS has no certificate here; allowed: true only together with 'tls'",
    ),
    Refused(
        "a partner with rules of its own",
        "{routes: [{host: a.example, path: /a, backend: user-v1}, {host: www.a.example, path: /a, backend: user-v1}], "
        "hosts: {a.example: {www_redirect: true}}}",
        'hosts["a.example"].www_redirect',
        "true",
        "www.a.example has routes of its own, so that it would not be sent here",
    ),
    Refused(
        "a wildcard that is sent to itself",
        "{routes: [{host: '*.example', path: /a, backend: user-v1}], hosts: {'*.example': {www_redirect: true}}}",
        'hosts["*.example"].www_redirect',
        "true",
        "a wildcard has no one name that could be sent to it",
    ),
    Refused(
        "one Secret for two certificates",
        "{routes: [{host: a.example, path: /a, backend: user-v1}, {host: b.example, path: /a, backend: user-v1}], "
        "hosts: {a.example: {tls: {kind: secret, secret: web}}, "
        "b.example: {tls: {kind: issuer, issuer: x, secret: web}}}}",
        'hosts["b.example"].tls.secret',
        '"web"',
        "the certificate of a.example is in the Secret 'web' too",
    ),
    Refused(
        "a root that is answered elsewhere",
        "{routes: [{host: a.example, path: /, match: exact, backend: user-v1}], hosts: {a.example: {app_root: /x}}}",
        'hosts["a.example"].app_root',
        '"/x"',
        "routes[0] is for '/' itself and would never be reached; allowed: one of the two",
    ),
    Refused(
        "two issuers",
        "{routes: [{host: a.example, path: /a, backend: user-v1}], "
        "hosts: {a.example: {tls: {kind: issuer, issuer: a, cluster_issuer: b}}}}",
        'hosts["a.example"].tls.issuer',
        '"a"',
        "cluster_issuer is b too; allowed: exactly one of 'cluster_issuer' and 'issuer'",
    ),
    Refused(
        "a root that is sent to itself",
        "{routes: [{host: a.example, path: /a, backend: user-v1}], hosts: {a.example: {app_root: /}}}",
        'hosts["a.example"].app_root',
        '"/"',
        "'/' would be sent to itself for ever; allowed: a path below it",
    ),
)
