"""Which rule a request hits, and what path its backend sees."""

from dataclasses import replace

from tests.cluster.conformance.case import Case, Chapter, rule_fields
from tests.cluster.conformance.harness.asking import Ask
from tests.cluster.conformance.harness.services import ADMIN, HTTP

_RULES = """
- {host: plain.example, path: /user, backend: alpha}
- {host: plain.example, path: /user/admin, backend: beta}
- {host: plain.example, path: /user/me, match: exact, backend: beta}
- {host: plain.example, path: /port, backend: {service: alpha, port: admin}}
- {path: /any, backend: alpha}
- {host: '*.wild.example', path: /only, backend: beta}
- {host: own.wild.example, path: /own, backend: alpha}

- {host: regex.example, path: '/items/([0-9]+)', match: regex, backend: alpha, rewrite: {kind: regex, to: /item/$1}}
- {host: regex.example, path: /items, backend: beta}
- {host: regex.example, path: /items/new, match: exact, backend: {service: alpha, port: admin}}
- {host: regex.example, path: '/(red|blue)/(.*)', match: regex, backend: beta, rewrite: {kind: regex, to: /$2/$1}}
- {host: regex.example, path: '/files/.*\\.png', match: regex, backend: beta}
- {host: regex.example, path: /, match: exact, backend: beta}
- {host: regex.example, path: /v1.2, backend: beta}
- {host: regex.example, path: /strip, backend: alpha, rewrite: strip_prefix}
- {host: regex.example, path: /strip/deep, backend: beta, rewrite: {kind: strip_prefix}}
- {host: regex.example, path: /replace, backend: alpha, rewrite: {kind: replace_prefix, with: /x/y}}
- {host: regex.example, path: /rooted, backend: alpha, rewrite: {kind: replace_prefix, with: /}}
- {host: regex.example, path: /page, match: exact, backend: alpha, rewrite: {kind: replace_prefix, with: /new-page}}
- {host: base.example, path: /, backend: alpha, rewrite: {kind: replace_prefix, with: /base}}
"""

_PREFIX = "X-Forwarded-Prefix".lower()


def _hit(fields: tuple[str, ...], shows: str, url: str, service: str, path: str | None = None, **more: object) -> Case:
    host, slash, rest = url.partition("/")
    return replace(Case(fields, shows, Ask(host, slash + rest), 200, service, path), **more)


_PATH = rule_fields("path")
_MATCH = rule_fields("match")
_HOST = rule_fields("host")
_BACKEND = rule_fields("backend.service")
_PORT = rule_fields("backend.port")
_REGEX = rule_fields("match", "rewrite.<kind: regex>.to")
_STRIP = rule_fields("rewrite")
_REPLACE = rule_fields("rewrite.<kind: replace_prefix>.with")

_PLAIN = (
    _hit(_PATH, "a prefix holds for itself", "plain.example/user", "alpha"),
    _hit(_PATH, "a prefix holds with a slash at its end", "plain.example/user/", "alpha"),
    _hit(_PATH, "a prefix holds for all below it", "plain.example/user/a/b.html", "alpha"),
    _hit(_PATH, "a prefix does not hold for a longer name", "plain.example/users", "home"),
    _hit(_PATH, "case differs", "plain.example/USER", "home"),
    _hit(_PATH, "case differs below too", "plain.example/User/a", "home"),
    _hit(_PATH, "the longer prefix comes first", "plain.example/user/admin", "beta"),
    _hit(_PATH, "the longer prefix comes first, below it too", "plain.example/user/admin/x", "beta"),
    _hit(_PATH, "the shorter prefix has the names that go on", "plain.example/user/administrator", "alpha"),
    _hit(_PATH, "the query is no part of the path", "plain.example/user?a=/b&c=%2F", "alpha"),
    _hit(_PATH, "slashes are merged to compare, and sent as they came", "plain.example//user//a", "alpha"),
    _hit(_PATH, "an encoded slash is one, and is sent as it came", "plain.example/user%2Fa", "alpha"),
    _hit(_PATH, "encoded letters are letters", "plain.example/%75ser/x", "alpha"),
    _hit(_PATH, "dots are resolved to compare, and sent as they came", "plain.example/x/../user/a", "alpha"),
    _hit(_PATH, "dots may leave a prefix", "plain.example/user/../other", "home"),
    _hit(_PATH, "a single dot is nothing", "plain.example/./user/./a", "alpha"),
    _hit(_MATCH, "an exact rule is for its path", "plain.example/user/me", "beta"),
    _hit(_MATCH, "an exact rule is not for what is below", "plain.example/user/me/x", "alpha"),
    _hit(_MATCH, "an exact rule is not for a slash more", "plain.example/user/me/", "alpha"),
    _hit(_MATCH, "an exact rule may have a query", "plain.example/user/me?x=1", "beta"),
    _hit(_BACKEND, "the web service named is asked at its first port", "plain.example/user", "alpha", port=HTTP),
    _hit(_BACKEND, "what no rule names goes to the default backend", "plain.example/nothing", "home"),
    _hit(_BACKEND, "/ too", "plain.example/", "home"),
    _hit(_PORT, "a port by its name", "plain.example/port", "alpha", port=ADMIN),
    _hit(_PORT, "a port by its name, below too", "plain.example/port/x", "alpha", port=ADMIN),
    _hit(_HOST, "a rule without a host is for hosts without rules", "other.example/any/x", "alpha"),
    _hit(_HOST, "a host with rules inherits none", "plain.example/any", "home"),
    _hit(_HOST, "nor does a host below a wildcard inherit its rules", "own.wild.example/only", "home"),
    _hit(_HOST, "a host comes before its wildcard", "own.wild.example/own", "alpha"),
    _hit(_HOST, "a wildcard stands for a label", "a.wild.example/only/x", "beta"),
    _hit(_HOST, "a wildcard inherits no rules either", "a.wild.example/any", "home"),
    _hit(_HOST, "a wildcard does not stand for two labels", "a.b.wild.example/only", "home"),
    _hit(_HOST, "nor for none", "wild.example/only", "home"),
    _hit(
        _HOST,
        "a host with two labels before the wildcard's has the rules of all hosts",
        "a.b.wild.example/any",
        "alpha",
    ),
    _hit(_HOST, "a port in the request's host does not matter", "plain.example:31250/user", "alpha"),
    _hit(_HOST, "case of the request's host does not matter", "Plain.Example/user", "alpha"),
)

_REWRITTEN = (
    _hit(_REGEX, "a regex' group", "regex.example/items/5", "alpha", "/item/5"),
    _hit(_REGEX, "the query stays", "regex.example/items/5?x=/%2F", "alpha", "/item/5?x=/%2F"),
    _hit(_REGEX, "two groups change places", "regex.example/red/a/b", "beta", "/a/b/red"),
    _hit(_REGEX, "a group may be empty", "regex.example/blue/", "beta", "//blue"),
    _hit(_REGEX, "what a group has taken is encoded again", "regex.example/red/a%20b", "beta", "/a%20b/red"),
    _hit(_MATCH, "a regex comes before a prefix, and stands for the whole path", "regex.example/items/5/x", "beta"),
    _hit(_MATCH, "case differs in a regex", "regex.example/Items/5", "home"),
    _hit(_MATCH, "an exact rule comes before a regex and a prefix", "regex.example/items/new", "alpha", port=ADMIN),
    _hit(_MATCH, "below an exact rule the prefix holds", "regex.example/items/new/x", "beta"),
    _hit(_MATCH, "a prefix among regexes stays one", "regex.example/itemsx", "home"),
    _hit(_MATCH, "case differs in a prefix among regexes", "regex.example/ITEMS", "home"),
    _hit(_MATCH, "a regex without a rewrite", "regex.example/files/a/b.png", "beta"),
    _hit(_MATCH, "an escaped dot is a dot", "regex.example/files/apng", "home"),
    _hit(_MATCH, "a regex has an end", "regex.example/files/a.png.exe", "home"),
    _hit(_MATCH, "an exact / beside others", "regex.example/", "beta"),
    _hit(_MATCH, "an exact / is for nothing below", "regex.example/x", "home"),
    _hit(_PATH, "a dot in a prefix is a dot", "regex.example/v1.2/x", "beta"),
    _hit(_PATH, "and no other character", "regex.example/v1x2/x", "home"),
    _hit(_STRIP, "the prefix alone", "regex.example/strip", "alpha", "/", seen={_PREFIX: "/strip"}),
    _hit(_STRIP, "the prefix and a slash", "regex.example/strip/", "alpha", "/", seen={_PREFIX: "/strip"}),
    _hit(_STRIP, "what is below it", "regex.example/strip/a/b", "alpha", "/a/b", seen={_PREFIX: "/strip"}),
    _hit(_STRIP, "the query stays", "regex.example/strip/a?x=1&y=%2F", "alpha", "/a?x=1&y=%2F"),
    _hit(_STRIP, "the longer prefix is stripped", "regex.example/strip/deep/a", "beta", "/a"),
    _hit(_STRIP, "a longer name is another", "regex.example/stripped/a", "home"),
    _hit(_STRIP, "case differs", "regex.example/STRIP/a", "home"),
    _hit(_STRIP, "the path is cleared up", "regex.example//strip//a/./x/../b", "alpha", "/a/b"),
    _hit(_STRIP, "an encoded slash becomes one", "regex.example/strip/a%2Fb", "alpha", "/a/b"),
    _hit(
        _STRIP,
        "other characters stay encoded",
        "regex.example/strip/%C3%BC%20%25%3F%23",
        "alpha",
        "/%C3%BC%20%25%3F%23",
    ),
    _hit(_STRIP, "a line feed is no end", "regex.example/strip/a%0A", "alpha", "/a%0A"),
    _hit(_STRIP, "unchanged without a rewrite", "regex.example/items/a%2Fb//c", "beta", seen={_PREFIX: None}),
    _hit(_REPLACE, "the prefix alone", "regex.example/replace", "alpha", "/x/y", seen={_PREFIX: "/replace"}),
    _hit(_REPLACE, "what is below it", "regex.example/replace/a", "alpha", "/x/y/a"),
    _hit(_REPLACE, "a slash at the end stays", "regex.example/replace/", "alpha", "/x/y/"),
    _hit(_REPLACE, "by /", "regex.example/rooted/a", "alpha", "/a"),
    _hit(_REPLACE, "by /, the prefix alone", "regex.example/rooted", "alpha", "/"),
    _hit(_REPLACE, "an exact path", "regex.example/page", "alpha", "/new-page", seen={_PREFIX: "/page"}),
    _hit(_REPLACE, "an exact path is for nothing below", "regex.example/page/x", "home"),
    _hit(_REPLACE, "/ by a folder", "base.example/", "alpha", "/base/", seen={_PREFIX: "/"}),
    _hit(_REPLACE, "/ by a folder, below it", "base.example/a/b?c=d", "alpha", "/base/a/b?c=d"),
)

_KNOWN = Case(
    (), "the list of all backends is nobody's to ask", Ask("rules.conformance.invalid", "/alpha/http"), 403, None
)

PATHS = Chapter(_RULES, (*_PLAIN, *_REWRITTEN, _KNOWN))
