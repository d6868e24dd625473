"""Paths, hosts, regexes, backends, rewrites and canaries that are refused."""

from tests.refused_rules.case import CANARY, SERVICES, Refused, one

_CHARACTERS = "allowed: '/' and then any of A-Z, a-z, 0-9, '.', '_', '-' and '/'"
_REGEX = "match: regex, backend: user-v1"

PATHS = (
    # Paths.
    Refused("no path", "routes: [{backend: user-v1}]", "routes[0].path", None, "not set, but needed"),
    Refused("no slash", "routes: [{path: user, backend: user-v1}]", "routes[0].path", '"user"', _CHARACTERS),
    Refused("a quote", "routes: [{path: '/a\"b', backend: user-v1}]", "routes[0].path", '"/a\\"b"', _CHARACTERS),
    Refused("a brace", "routes: [{path: '/a;}', backend: user-v1}]", "routes[0].path", '"/a;}"', _CHARACTERS),
    Refused(
        "a trailing slash",
        "routes: [{path: /user/, backend: user-v1}]",
        "routes[0].path",
        '"/user/"',
        "a path without '//' that does not end in '/': a rule for '/user' already holds for '/user/' and all below it",
    ),
    Refused(
        "dots",
        "routes: [{path: /a/../b, backend: user-v1}]",
        "routes[0].path",
        '"/a/../b"',
        "without the segments '.' and '..'",
    ),
    Refused(
        "what the controller takes for an attack",
        "routes: [{path: /etc/passwd, backend: user-v1}]",
        "routes[0].path",
        '"/etc/passwd"',
        "the controller refuses paths with '/etc/passwd', as of an attack; allowed: any other path",
    ),
    Refused(
        "the same path twice",
        "routes: [{path: /a, backend: user-v1}, {path: /b, backend: user-v1}, {path: /a, backend: pay-v1}]",
        "routes[2].path",
        '"/a"',
        "routes[0] has this path already for all hosts; allowed: each path once for a host",
    ),
    Refused(
        "the same but for case",
        "routes: [{path: /pay, backend: user-v1}, {path: /Pay, backend: pay-v1}]",
        "routes[1].path",
        '"/Pay"',
        "routes[0] has this path already for all hosts ('/pay': differing in case is not enough)",
    ),
    Refused(
        "the same as prefix and exact",
        "routes: [{path: /pay, backend: user-v1}, {path: /pay, match: exact, backend: pay-v1}]",
        "routes[1].path",
        '"/pay"',
        "routes[0] has this path already for all hosts (as prefix: another match is not enough)",
    ),
    Refused(
        "the same as regex, on a host",
        "routes: [{host: a.example, path: /x, backend: user-v1}, {host: a.example, path: /x, " + _REGEX + "}]",
        "routes[1].path",
        '"/x"',
        "routes[0] has this path already for host a.example (as prefix: another match is not enough)",
    ),
    # Hosts.
    Refused(
        "an upper-case host", one("host: Shop.example.com"), "routes[0].host", '"Shop.example.com"', "in lower case"
    ),
    Refused("a port in a host", one("host: 'a.example:80'"), "routes[0].host", '"a.example:80"', "without a port"),
    Refused(
        "a star in the middle", one("host: a.*.example"), "routes[0].host", '"a.*.example"', "'*.example.com' for all"
    ),
    Refused(
        "match", one("match: exactly"), "routes[0].match", '"exactly"', "allowed: one of 'prefix', 'exact', 'regex'"
    ),
    # Regexes.
    Refused(
        "a regex that does not end",
        "routes: [{path: '/a(b', " + _REGEX + "}]",
        "routes[0].path",
        '"/a(b"',
        "the '(' at character 3 is never closed",
    ),
    Refused(
        "look-ahead",
        "routes: [{path: '/(?!admin).*', " + _REGEX + "}]",
        "routes[0].path",
        '"/(?!admin).*"',
        "the '(?' at character 2 begins something that not all regex engines know",
    ),
    Refused(
        "a back reference",
        "routes: [{path: '/(a|b)\\1', " + _REGEX + "}]",
        "routes[0].path",
        '"/(a|b)\\\\1"',
        "'\\1' means something else to other regex engines",
    ),
    Refused(
        "anchors",
        "routes: [{path: '/a$', " + _REGEX + "}]",
        "routes[0].path",
        '"/a$"',
        "superfluous: a regex always stands for the whole path",
    ),
    Refused(
        "alternatives at the top",
        "routes: [{path: '/a|/b', " + _REGEX + "}]",
        "routes[0].path",
        '"/a|/b"',
        "the '|' at character 3 would split the regex as a whole; allowed: alternatives in a group, such as '/(a|b)'",
    ),
    Refused(
        "a repetition that takes for ever",
        "routes: [{path: '/(a+)+', " + _REGEX + "}]",
        "routes[0].path",
        '"/(a+)+"',
        "'(a+)+' can take the same text in so many ways that a request of 8 kB would hold nginx up for more than "
        "10 ms: '/' and then 'a' many times, and then what does not match; allowed: repetitions of which only one can",
    ),
    Refused(
        "a prefix that a regex takes",
        "routes: [{path: /api/v1, backend: user-v1}, {path: '/api/.*', match: regex, backend: pay-v1}]",
        "routes[0].path",
        '"/api/v1"',
        "no request reaches this rule: routes[1] (the regex '/api/.*'), which comes first, takes all of its paths",
    ),
    Refused(
        "a regex that a longer one takes",
        "routes: [{path: '/v[0-9]', " + _REGEX + "}, {path: '/v[0-9](/.*)?', " + _REGEX + "}]",
        "routes[0].path",
        '"/v[0-9]"',
        "routes[1] (the regex '/v[0-9](/.*)?'), which comes first, takes all of its paths",
    ),
    Refused(
        "a regex that exact rules take",
        "routes: [{path: '/(a|b)', " + _REGEX + "}, {path: /a, match: exact, backend: pay-v1}, "
        "{path: /b, match: exact, backend: pay-v1}]",
        "routes[0].path",
        '"/(a|b)"',
        "routes[2] ('/b' itself) and routes[1] ('/a' itself), which come first, take all of its paths",
    ),
    # Backends.
    Refused(
        "no backend",
        "routes: [{path: /a}]",
        "routes[0].backend",
        None,
        "not set, but needed unless there is a 'redirect'; allowed: " + SERVICES,
    ),
    Refused(
        "an unknown backend",
        "routes: [{path: /a, backend: pay}]",
        "routes[0].backend",
        '"pay"',
        "allowed: " + SERVICES,
    ),
    Refused(
        "an unknown port",
        "routes: [{path: /a, backend: {service: pay-v1, port: admin}}]",
        "routes[0].backend.port",
        '"admin"',
        "allowed: the name of a port of pay-v1: http",
    ),
    Refused(
        "a backend by number", "routes: [{path: /a, backend: 80}]", "routes[0].backend", "80", "allowed: text, or an"
    ),
    Refused("an unknown default", "default_backend: pay", "default_backend", '"pay"', "allowed: " + SERVICES),
    Refused("a misspelt option", one("rewrites: null"), "routes[0].rewrites", None, "did you mean 'rewrite'?"),
    # Rewrites.
    Refused(
        "an unknown rewrite",
        one("rewrite: replace"),
        "routes[0].rewrite",
        '"replace"',
        "allowed: 'strip_prefix', or an object whose kind is one of 'strip_prefix', 'replace_prefix', 'regex'",
    ),
    Refused(
        "the root stripped",
        "routes: [{path: /, backend: user-v1, rewrite: strip_prefix}]",
        "routes[0].rewrite",
        '"strip_prefix"',
        "the path '/' has no prefix that could be stripped; leave 'rewrite' out",
    ),
    Refused(
        "a path replaced by itself",
        one("rewrite: {kind: replace_prefix, with: /a}"),
        "routes[0].rewrite.with",
        '"/a"',
        "the rule's own path, so that nothing would change",
    ),
    Refused(
        "more groups than there are",
        "routes: [{path: '/(a)/(b)', " + _REGEX + ", rewrite: {kind: regex, to: /$2/$3}}]",
        "routes[0].rewrite.to",
        '"/$2/$3"',
        "the regex captures 2 groups; allowed: at most '$2'",
    ),
    Refused(
        "groups of a prefix",
        one("rewrite: {kind: regex, to: /$1}"),
        "routes[0].rewrite.kind",
        '"regex"',
        "only a regex has groups, and this rule's match is prefix",
    ),
    Refused(
        "a prefix of a regex",
        "routes: [{path: '/a.*', " + _REGEX + ", rewrite: strip_prefix}]",
        "routes[0].rewrite.kind",
        '"strip_prefix"',
        "a regex has no prefix that could be taken off",
    ),
    Refused(
        "a variable of the server",
        "routes: [{path: '/(a)', " + _REGEX + ", rewrite: {kind: regex, to: /$uri}}]",
        "routes[0].rewrite.to",
        '"/$uri"',
        "'$' only before one digit from 1 to 9",
    ),
    # Canaries.
    Refused(
        "more than the total",
        one("canary: {kind: weight, backend: user-v2, weight: 300, total: 200}"),
        "routes[0].canary.weight",
        "300",
        "more than its total; allowed: a whole number from 0 to 200",
    ),
    Refused(
        "a total that would count as 100",
        one("canary: {kind: weight, backend: user-v2, weight: 1, total: 10}"),
        "routes[0].canary.total",
        "10",
        "allowed: a whole number from 100 to 1000000",
    ),
    Refused(
        "value and pattern",
        one("canary: {kind: header, backend: user-v2, header: X-Canary, value: me, pattern: m.}"),
        "routes[0].canary.pattern",
        '"m."',
        "'value' is set too, and would be the only one that counts; allowed: one of the two",
    ),
    Refused(
        "a value without a header",
        one("canary: {kind: header, backend: user-v2, value: me}"),
        "routes[0].canary.header",
        None,
        "not set, but needed",
    ),
    Refused(
        "two canaries on one rule",
        one("canary: [{kind: weight, backend: user-v2}, {kind: cookie, backend: errors}]"),
        "routes[0].canary",
        '[{"kind": "weight", "backend": "user-v2"}, {"kind": "cookie", "backend": "errors"}]',
        "allowed: an object whose kind is one of 'cookie', 'header', 'weight', or null",
    ),
    Refused(
        "an option on a canary",
        one("canary: {" + CANARY + ", timeouts: {}}"),
        "routes[0].canary.timeouts",
        None,
        "unknown key; known here: backend, kind, total, weight",
    ),
    Refused(
        "a canary that is a backend",
        "routes: [{path: /a, backend: user-v1, canary: {" + CANARY + "}}, {path: /v2, backend: user-v2}]",
        "routes[0].canary.backend",
        '"user-v2"',
        "routes[1] has it as its own backend, and the controller would then drop the canary",
    ),
    Refused(
        "a canary that is the default",
        "{default_backend: user-v2, routes: [{path: /a, backend: user-v1, canary: {" + CANARY + "}}]}",
        "routes[0].canary.backend",
        '"user-v2"',
        "default_backend has it as its own backend",
    ),
    Refused(
        "a canary of itself",
        one("canary: {kind: weight, backend: user-v1, weight: 20}"),
        "routes[0].canary.backend",
        '"user-v1"',
        "this rule itself has it as its own backend",
    ),
    Refused(
        "one canary chosen in two ways",
        "routes: [{path: /a, backend: user-v1, canary: {" + CANARY + "}}, {path: /b, backend: pay-v1, canary: "
        "{kind: weight, backend: user-v2, weight: 30}}]",
        "routes[1].canary.backend",
        '"user-v2"',
        "it is the canary of routes[0] too, but chosen differently there",
    ),
    Refused(
        "two canaries of one service",
        "routes: [{path: /a, backend: user-v1, canary: {" + CANARY + "}}, {path: /b, backend: user-v1, canary: "
        "{kind: weight, backend: errors, weight: 20}}]",
        "routes[1].canary",
        None,
        "not as in routes[0], which also goes to user-v1, and the controller knows one canary for a Service and port",
    ),
)
