"""Options of the controller's ConfigMap: what it would drop or nginx refuse is refused, with the right spelling."""

import re

import pytest
from pydantic import ValidationError

from webtier.ingress_nginx import IngressNginxSettings
from webtier.ingress_nginx.controller_config.config_checks import FIXED_CONFIG, config_problems, release_notes
from webtier.ingress_nginx.controller_config.config_options import OPTIONS
from webtier.shared.problems import Problem

IMAGE = "registry.k8s.io/ingress-nginx/controller:v1.15.1"
BUILT = "registry.example/ingress-nginx-controller:debian-12"

RIGHT = {
    "access-log-params": "buffer=16k flush=5s",
    "access-log-path": "/var/log/nginx/access.log",
    "add-headers": "webtier/headers",
    "bind-address": "192.0.2.7, fd00::7",
    "block-cidrs": "10.0.0.0/8,fd00::/8",
    "block-referers": "~*spam\\.example$, ~\\bads\\d+",
    "block-user-agents": "~*curl,wget",
    "client-header-timeout": "60",
    "custom-http-errors": "404,503",
    "default-type": "text/html",
    "error-log-level": "notice",
    "error-log-path": "/dev/stderr",
    "forwarded-for-header": "X-Forwarded-For",
    "global-auth-cache-duration": "200 202 401 5m",
    "global-auth-cache-key": "$cookie_session$remote_user",
    "global-auth-url": "https://auth.example.com/check?rule=$http_x_rule",
    "gzip-types": "application/json text/css image/svg+xml",
    "http-redirect-code": "308",
    "keep-alive": "0",
    "large-client-header-buffers": "4 8k",
    "limit-conn-zone-variable": "$binary_remote_addr",
    "load-balance": "ewma",
    "log-format-stream": "[$remote_addr] [$time_local] $protocol $status $bytes_sent $session_time",
    "log-format-upstream": (
        '$remote_addr - $remote_user [$time_local] "$request" $status ${body_bytes_sent} $sent_http_x_a $arg_b $req_id '
        "[$proxy_upstream_name] [$namespace] don\\'t; {}"
    ),
    "lua-shared-dicts": "certificate_data: 100, mine: 512k",
    "no-tls-redirect-locations": "/.well-known/acme-challenge",
    "proxy-body-size": "1g",
    "proxy-buffering": "on",
    "proxy-cookie-domain": "one.example two.example",
    "proxy-cookie-path": "off",
    "proxy-next-upstream": "error timeout http_503",
    "proxy-protocol-header-timeout": "5s",
    "proxy-real-ip-cidr": "10.0.0.0/8",
    "proxy-redirect-from": "off",
    "otel-sampler-ratio": "0.01",
    "ssl-ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256:!aNULL:@SECLEVEL=1",
    "ssl-ecdh-curve": "auto",
    "ssl-protocols": "TLSv1.2 TLSv1.3",
    "ssl-session-ticket-key": "A" * 107 + "=",
    "ssl-session-timeout": "10m",
    "syslog-host": "10.0.0.1",
    "upstream-keepalive-time": "1h 30m",
    "use-gzip": "true",
    "worker-cpu-affinity": "auto",
    "worker-processes": "auto",
}


def problem(name: str, value: object, image: str = IMAGE, **others: str) -> Problem:
    [found] = config_problems({**others, name: value}, image)
    assert found.place == (name,)
    assert found.value == value
    assert "allowed: " in found.message
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_controller_takes_is_allowed(name: str) -> None:
    assert list(config_problems({name: RIGHT[name]}, IMAGE)) == []


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("proxy-body-size", "8Mi", "8m"),
        ("proxy-body-size", "8MB", "8m"),
        ("proxy-body-size", "1.5Gi", "1536m"),
        ("proxy-body-size", "2 Gi", "2g"),
        ("client-body-buffer-size", "1Gi", "1024m"),
        ("proxy-buffer-size", "16KiB", "16k"),
        ("proxy-buffer-size", "0.5k", "512"),
        ("use-gzip", "True", "true"),
        ("use-gzip", "on", "true"),
        ("use-http2", "no", "false"),
        ("proxy-buffering", "true", "on"),
        ("proxy-request-buffering", "False", "off"),
        ("proxy-read-timeout", "60s", "60"),
        ("proxy-read-timeout", "5m", "300"),
        ("proxy-read-timeout", "1 hour", "3600"),
        ("keep-alive-requests", "10,000", "10000"),
        ("ssl-session-timeout", "10 minutes", "10m"),
        ("proxy-protocol-header-timeout", "5", "5s"),
        ("ssl-protocols", "tlsv1.2, TLSv1.3", "TLSv1.2 TLSv1.3"),
        ("gzip-types", "text/css, text/html", "text/css text/html"),
        ("error-log-level", "WARN", "warn"),
        ("load-balance", "EWMA", "ewma"),
        ("custom-http-errors", "404 503", "404,503"),
        ("custom-http-errors", "[404, 503]", "404,503"),
        ("whitelist-source-range", "10.1.2.3/8", "10.0.0.0/8"),
        ("block-cidrs", "10.0.0.0/255.0.0.0", "10.0.0.0/8"),
    ],
)
def test_a_wrong_unit_or_word_gets_the_right_one(name: str, wrong: str, right: str) -> None:
    assert f'did you mean "{right}"?' in problem(name, wrong).message
    assert list(config_problems({name: right}, IMAGE)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client-header-timeout", "-1"),
        ("gzip-level", "10"),
        ("proxy-buffers-number", "1"),
        ("otel-sampler-ratio", "1.5"),
        ("limit-req-status-code", "200"),
        ("http-redirect-code", "303"),
        ("load-balance", "ip_hash"),
        ("global-auth-method", "FETCH"),
        ("syslog-port", "70000"),
        ("proxy-set-headers", "headers"),
        ("hide-headers", "X Powered:By"),
        ("global-auth-url", "auth.example.com"),
        ("global-auth-url", "https://auth.example.com:99999/"),
        ("bind-address", "10.0.0.0/8"),
        ("lua-shared-dicts", "certificate_data"),
        ("custom-http-errors", "200"),
        # What would be more of nginx.conf than a value.
        ("ssl-ciphers", "HIGH'; load_module x"),
        ("proxy-cookie-path", "/ /; allow all"),
        ("proxy-cookie-path", "/shop"),
        ("proxy-cookie-domain", "shop.example.com"),
        ("default-type", "text/html;"),
        ("limit-conn-zone-variable", "$binary_remote_addr;"),
        ("block-user-agents", "curl\n}"),
        ("block-user-agents", "~*(curl"),
        ("block-user-agents", "~*(curl,wget)"),
        ("block-user-agents", "curl,curl"),
        ("block-user-agents", "~"),
        ("block-referers", "default"),
        ("skip-access-log-urls", "~^/a\\;b"),
        ("gzip-disable", 'msie6" "'),
        ("log-format-upstream", "$status'; access_log off; '"),
    ],
)
def test_what_nginx_or_the_controller_would_refuse_is_refused(name: str, value: str) -> None:
    problem(name, value)


@pytest.mark.parametrize(
    ("value", "right"), [(True, '"true"'), (False, '"false"'), (1, '"true"'), (None, None), (["true"], None)]
)
def test_what_is_no_text_is_shown_in_quotes(value: object, right: str | None) -> None:
    message = problem("use-gzip", value).message
    assert message.startswith("all values of a ConfigMap are text, in quotes")
    assert (f"did you mean {right}" in message) == (right is not None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("use-gzp", "use-gzip"), ("Use_Gzip", "use-gzip"), ("proxy-bodysize", "proxy-body-size"), ("zipkin-host", None)],
)
def test_an_unknown_option_gets_the_nearest_one(name: str, meant: str | None) -> None:
    message = problem(name, "true").message
    assert "unknown option, which the controller would ignore" in message
    assert (meant is None) or f"did you mean '{meant}'?" in message


@pytest.mark.parametrize("name", [*FIXED_CONFIG, "annotations-risk-level", "worker-shutdown-timeout"])
def test_what_webtier_decides_is_no_option(name: str) -> None:
    assert "decided by webtier" in problem(name, "true").message
    assert name not in OPTIONS


@pytest.mark.parametrize("name", ["main-snippet", "http-snippet", "server-snippet", "location-snippet", "any-snippet"])
def test_snippets_are_refused(name: str) -> None:
    assert problem(name, "deny all;").message.startswith("snippets are refused")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("log-format-upstream", "$nope", "nginx knows no variable '$nope' here; allowed"),
        ("log-format-upstream", "$staus", "did you mean '$status'?"),
        ("log-format-upstream", "${status", "after '${' a name and '}' is missing"),
        ("log-format-upstream", "100$ $status", "after '$' a name is missing"),
        ("log-format-upstream", "$1", "nginx knows no variable '$1' here"),
        ("log-format-upstream", "it's $status", "ends the format"),
        ("log-format-upstream", "$status \\", "takes the meaning from the quote"),
        ("log-format-upstream", "$geoip2_city", "is there only with 'use-geoip2'"),
        (
            "log-format-upstream",
            "$full_x_forwarded_for",
            "with 'use-forwarded-headers' and 'compute-full-forwarded-for'",
        ),
        ("log-format-stream", "$uri", "nginx knows no variable '$uri' here"),
        ("limit-conn-zone-variable", "$binary_remote_adr", "did you mean '$binary_remote_addr'?"),
    ],
)
def test_variables_and_quotes_that_nginx_would_refuse(name: str, value: str, said: str) -> None:
    assert said in problem(name, value).message


def test_a_variable_that_needs_an_option_is_there_with_it() -> None:
    assert list(config_problems({"use-geoip2": "true", "log-format-upstream": "$geoip2_city"}, IMAGE)) == []
    assert list(config_problems({"use-geoip2": "false", "log-format-upstream": "$geoip2_city"}, IMAGE))


def test_an_option_of_another_release_is_refused_where_the_release_is_known() -> None:
    old = "registry.k8s.io/ingress-nginx/controller:v1.11.8@sha256:" + "0" * 64
    assert "ingress-nginx 1.15, which ingress.image is" in problem("plugins", "mine").message
    assert "the releases 1.13 to 1.15" in problem("relative-redirects", "true", old).message
    assert list(config_problems({"plugins": "mine"}, old)) == []


def test_an_option_of_some_releases_gets_a_note_where_nobody_knows_the_release() -> None:
    config = {"plugins": "mine", "relative-redirects": "true", "use-gzip": "true"}
    assert list(config_problems(config, BUILT)) == []
    notes = release_notes(config, BUILT)
    assert len(notes) == 2
    assert "config.plugins is an option of release 1.11 alone" in notes[0]
    assert IngressNginxSettings(image=BUILT, config={"plugins": "mine"}, accept_retired=True).notes() == notes[:1]
    assert IngressNginxSettings(accept_retired=True).notes() == []


def test_each_right_spelling_is_right() -> None:
    """Whatever is typed: what is offered instead is taken."""
    tried = ["8Mi", "1.5Gi", "60s", "1 min", "True", "off", "404 503", "10.1.2.3/8", "a, b", "TLSV1.3", "5", "1e3", ""]
    offered = 0
    for option in OPTIONS.values():
        for text in tried:
            spelling = option.kind.right_spelling(text)
            offered += bool(spelling)
            assert not spelling or option.kind.is_right(spelling), (text, spelling)
    assert offered > 300


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        IngressNginxSettings.model_validate({"config": {"use-gzp": "true", "proxy-body-size": "8Mi", "hsts": False}})
    places = [error["loc"] for error in caught.value.errors()]
    assert places == [("config", "use-gzp"), ("config", "proxy-body-size"), ("config", "hsts")]


def test_the_names_are_those_of_options() -> None:
    assert len(OPTIONS) >= 180
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in OPTIONS)
