"""Values whose quotes alone are missing, or too many."""

from tests.refused_rules.case import Refused

_SERVICE = "services: {user-v1: {image: 'a:1', %s}, pay-v1: {image: 'a:1'}}"


def _text(key: str, given: str, shown: str, right: str, command: str) -> Refused:
    """`given` stands in a service of the stack, and `right` is how YAML writes it as text."""
    return Refused(
        f"{key} as {given}",
        _SERVICE % given,
        f"services.user-v1.{key}",
        shown,
        "; what YAML would read as something else stands in quotes, as it shall arrive: "
        f"{right}, or: pulumi config set --path --type string {command}",
    )


_ENV = "webtier:services.user-v1.env"

QUOTES = (
    _text("env.PORT", "env: {PORT: 8080}", "8080", 'PORT: "8080"', f"{_ENV}.PORT 8080"),
    _text("env.DEBUG", "env: {DEBUG: true}", "true", 'DEBUG: "true"', f"{_ENV}.DEBUG true"),
    _text("env.RATIO", "env: {RATIO: 0.5}", "0.5", 'RATIO: "0.5"', f"{_ENV}.RATIO 0.5"),
    _text("env.LEVEL", "env: {LEVEL: -1}", "-1", 'LEVEL: "-1"', f"{_ENV}.LEVEL -- -1"),
    _text("env.EMPTY", "env: {EMPTY: null}", "null", 'EMPTY: ""', f"{_ENV}.EMPTY ''"),
    _text("args[0]", "args: [8080]", "8080", '- "8080"', "'webtier:services.user-v1.args[0]' 8080"),
    _text("version", "version: 2", "2", 'version: "2"', "webtier:services.user-v1.version 2"),
    _text("labels.team", "labels: {team: 7}", "7", 'team: "7"', "webtier:services.user-v1.labels.team 7"),
    _text(
        "resources.requests.cpu",
        "resources: {requests: {cpu: 1}}",
        "1",
        'cpu: "1"',
        "webtier:services.user-v1.resources.requests.cpu 1",
    ),
    _text(
        'files["/etc/mode"]',
        "files: {/etc/mode: 644}",
        "644",
        '/etc/mode: "644"',
        "'webtier:services.user-v1.files[\"/etc/mode\"]' 644",
    ),
    Refused(
        "an option of the controller without quotes",
        "ingress: {config: {use-gzip: true}}",
        "ingress.config.use-gzip",
        "true",
        'use-gzip: "true", or: pulumi config set --path --type string webtier:ingress.config.use-gzip true',
    ),
    Refused(
        "a size of a body without quotes",
        "routes: [{path: /a, backend: user-v1, body_size: 1000000}]",
        "routes[0].body_size",
        "1000000",
        "body_size: \"1000000\", or: pulumi config set --path --type string 'webtier:routes[0].body_size' 1000000",
    ),
    Refused(
        "a number in quotes",
        _SERVICE % "replicas: '3'",
        "services.user-v1.replicas",
        '"3"',
        "allowed: a whole number from 0 to 1000; this stands without quotes: replicas: 3, or: pulumi config set --path "
        "webtier:services.user-v1.replicas 3",
    ),
    Refused(
        "a boolean in quotes",
        "redis: {conf: {appendonly: 'true'}}",
        "redis.conf.appendonly",
        '"true"',
        "this stands without quotes: appendonly: true, or: pulumi config set --path webtier:redis.conf.appendonly true",
    ),
    Refused(
        "a number that is no image either",
        "{services: {user-v1: {image: 5}, pay-v1: {image: 'a:1'}}}",
        "services.user-v1.image",
        "5",
        "allowed: an image with its tag or digest",
    ),
)
