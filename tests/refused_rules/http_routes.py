"""Rules that are right for ingress-nginx, and that HTTPRoutes can't say or leave to the Gateway."""

from environment.settings.report import LONGEST_VALUE
from tests.refused_rules.case import Refused, one

_TLS_HOST = "routes: [{host: a.example, path: /a, backend: user-v1}], hosts: {a.example: {%s}}"


def _routed(rules: str, gateway: str = "") -> str:
    """The rules, to become HTTPRoutes of a Gateway of which also this is said."""
    return f"{{routing: {{kind: gateway, gateway: web{gateway}}}, {rules}}}"


HTTP_ROUTES = (
    # Options without a word for them.
    Refused(
        "error pages of a Gateway",
        _routed(one("error_pages: {codes: [404], backend: errors}")),
        "routes[0].error_pages",
        None,
        "Gateway API knows no pages in the place of a backend's errors; allowed: no 'error_pages' here",
    ),
    Refused(
        "a longest body of a Gateway",
        _routed(one("body_size: 8Mi")),
        "routes[0].body_size",
        None,
        "Gateway API knows no longest body",
    ),
    Refused(
        "bodies that a Gateway does not buffer",
        _routed(one("request_buffering: false")),
        "routes[0].request_buffering",
        None,
        "Gateway API leaves it to the Gateway whether it buffers a body; allowed: no 'request_buffering' here",
    ),
    Refused(
        "timeouts of a Gateway",
        _routed(one("timeouts: {read_seconds: 5}")),
        "routes[0].timeouts",
        None,
        "an HTTPRoute limits a whole request, and not a connection or the wait between two reads",
    ),
    Refused(
        "limits of a Gateway",
        _routed(one("limits: {rps: 5}")),
        "routes[0].limits",
        None,
        "Gateway API knows no limits by client address",
    ),
    Refused(
        "lists of a Gateway",
        _routed(one("access: {allow: [10.0.0.0/8]}")),
        "routes[0].access",
        None,
        "Gateway API does not look at client addresses",
    ),
    Refused(
        "affinity of a Gateway",
        _routed(one("affinity: {mode: persistent}")),
        "routes[0].affinity",
        None,
        "the standard channel of Gateway API has no session affinity",
    ),
    Refused(
        "passwords of a Gateway",
        _routed(one("auth: {kind: basic, secret: admins}")),
        "routes[0].auth",
        None,
        "the standard channel of Gateway API has no authentication",
    ),
    Refused(
        "an external authentication of a Gateway",
        _routed(one("auth: {kind: external, url: 'http://a.example'}")),
        "routes[0].auth",
        None,
        "or routing of the kind 'ingress'",
    ),
    # Paths.
    Refused(
        "a regex of a Gateway",
        _routed("routes: [{path: '/a/[0-9]+', match: regex, backend: user-v1}]"),
        "routes[0].match",
        '"regex"',
        "Gateway API leaves open whether a regex comes before or after a prefix",
    ),
    Refused(
        "two regexes for one path",
        _routed(
            "routes: [{path: '/a/[a-z]+', match: regex, backend: user-v1}, "
            "{path: '/[a-z]+/bc', match: regex, backend: pay-v1}]",
            ", regexes: before_prefixes",
        ),
        "routes[0].path",
        '"/a/[a-z]+"',
        "some path is both its own and that of routes[1] (the regex '/[a-z]+/bc')",
    ),
    Refused(
        "a rewrite by groups",
        _routed(
            "routes: [{path: '/a/([0-9]+)', match: regex, backend: user-v1, rewrite: {kind: regex, to: /i/$1}}]",
            ", regexes: before_prefixes",
        ),
        "routes[0].rewrite.to",
        '"/i/$1"',
        "an HTTPRoute can't put what a group has captured into a path",
    ),
    # Hosts.
    Refused(
        "a wildcard of a Gateway",
        _routed("routes: [{host: '*.a.example', path: /a, backend: user-v1}]"),
        "routes[0].host",
        '"*.a.example"',
        "to a Gateway it would also stand for names such as a.b.a.example",
    ),
    Refused(
        "an address as a host",
        _routed("routes: [{host: 192.0.2.7, path: /a, backend: user-v1}]"),
        "routes[0].host",
        '"192.0.2.7"',
        "it is an address, which Kubernetes refuses as the host of a rule",
    ),
    Refused(
        "a certificate of a Gateway",
        _routed(_TLS_HOST % "tls: {kind: secret, secret: a}"),
        'hosts["a.example"].tls',
        None,
        "an HTTPRoute has no certificates, they belong to the Gateway's listeners",
    ),
    Refused(
        "a way to an unknown HTTPS",
        _routed(_TLS_HOST % "tls_redirect: true", ", section: http"),
        'hosts["a.example"].tls_redirect',
        "true",
        "allowed: true together with routing.section and routing.https_section",
    ),
    # Redirects.
    Refused(
        "a redirect with a query",
        _routed("routes: [{path: /a, redirect: {to: 'https://new.example/x?y=1'}}]"),
        "routes[0].redirect.to",
        '"https://new.example/x?y=1"',
        "an HTTPRoute's redirect has no query of its own",
    ),
    Refused(
        "a redirect to an address",
        _routed("routes: [{path: /a, redirect: {to: 'https://192.0.2.7/x'}}]"),
        "routes[0].redirect.to",
        '"https://192.0.2.7/x"',
        "an HTTPRoute redirects to host names, and not to addresses",
    ),
    Refused(
        "a redirect to no host",
        _routed("routes: [{path: /a, redirect: {to: 'https://-new.example/x'}}]"),
        "routes[0].redirect.to",
        '"https://-new.example/x"',
        "it is no host name",
    ),
    Refused(
        "a redirect to no port",
        _routed("routes: [{path: /a, redirect: {to: 'https://new.example:99999/x'}}]"),
        "routes[0].redirect.to",
        '"https://new.example:99999/x"',
        "'new.example:99999' is no host with a port from 1 to 65535",
    ),
    Refused(
        "a redirect that is too long",
        _routed(f"routes: [{{path: /a, redirect: {{to: 'https://new.example/{'x' * 1024}'}}}}]"),
        "routes[0].redirect.to",
        # The report shows no more of a value.
        '"' + f"https://new.example/{'x' * 1024}"[: LONGEST_VALUE - 2] + "…",
        "its path has more than 1024 characters",
    ),
    # CORS.
    Refused(
        "an answer that is not kept",
        _routed(one("cors: {origins: ['*'], max_age_seconds: 0}")),
        "routes[0].cors.max_age_seconds",
        "0",
        "an HTTPRoute takes at least 1",
    ),
    Refused(
        "origins below a name",
        _routed(one("cors: {origins: ['https://a.example', 'https://*.a.example']}")),
        "routes[0].cors.origins[1]",
        '"https://*.a.example"',
        "to a Gateway its '*' stands for one label or more",
    ),
    Refused(
        "an origin of no port",
        _routed(one("cors: {origins: ['https://a.example:0']}")),
        "routes[0].cors.origins[0]",
        '"https://a.example:0"',
        "allowed: an origin such as",
    ),
    Refused(
        "too many origins",
        _routed(one(f"cors: {{origins: [{', '.join(f'https://a{number}.example' for number in range(65))}]}}")),
        "routes[0].cors.origins",
        None,
        "an HTTPRoute takes no more than 64, and there are 65",
    ),
    # Canaries.
    Refused(
        "a canary of itself at a Gateway",
        _routed(one("canary: {kind: weight, backend: user-v1, weight: 20}")),
        "routes[0].canary.backend",
        '"user-v1"',
        "this rule itself has it as its backend",
    ),
    # The Gateway.
    Refused(
        "no Gateway",
        "{routing: {kind: gateway}, routes: [{path: /a, backend: user-v1}]}",
        "routing.gateway",
        None,
        "not set, but needed: The Gateway's name",
    ),
    Refused(
        "no way to route",
        "{routing: {kind: mesh}}",
        "routing.kind",
        '"mesh"',
        "allowed: one of 'gateway', 'ingress'",
    ),
    Refused(
        "HTTPS without HTTP",
        _routed("routes: []", ", https_section: https"),
        "routing.section",
        "null",
        "needed beside 'https_section'; allowed: the name of the listener for HTTP",
    ),
    Refused(
        "one listener for both",
        _routed("routes: []", ", section: web, https_section: web"),
        "routing.https_section",
        '"web"',
        "allowed: another listener than 'section'",
    ),
)
