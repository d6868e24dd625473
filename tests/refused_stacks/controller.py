"""Options of the controller's ConfigMap that it would ignore, drop or choke on."""

import json

from tests.refused_rules.case import Refused


def _option(name: str, option: str, value: object, reason: str) -> Refused:
    config = f"ingress: {{config: {{{option}: {json.dumps(value)}}}}}"
    return Refused(name, config, f"ingress.config.{option}", json.dumps(value), reason)


def _meant(option: str, value: str, right: str) -> Refused:
    return _option(f"{option} as {value}", option, value, f'did you mean "{right}"? allowed: ')


CONTROLLER = (
    _meant("proxy-body-size", "8Mi", "8m"),
    _meant("proxy-body-size", "8 MB", "8m"),
    _meant("proxy-body-size", "1.5Gi", "1536m"),
    _meant("proxy-buffer-size", "16Ki", "16k"),
    _meant("client-body-buffer-size", "1Gi", "1024m"),
    _meant("proxy-read-timeout", "60s", "60"),
    _meant("proxy-send-timeout", "5m", "300"),
    _meant("keep-alive-requests", "10,000", "10000"),
    _meant("use-gzip", "on", "true"),
    _meant("use-http2", "False", "false"),
    _meant("proxy-buffering", "true", "on"),
    _meant("ssl-session-timeout", "10 minutes", "10m"),
    _meant("proxy-protocol-header-timeout", "5", "5s"),
    _meant("ssl-protocols", "tlsv1.2,tlsv1.3", "TLSv1.2 TLSv1.3"),
    _meant("gzip-types", "text/css, text/html", "text/css text/html"),
    _meant("custom-http-errors", "404 503", "404,503"),
    _meant("proxy-real-ip-cidr", "10.1.2.3/8", "10.0.0.0/8"),
    _meant("whitelist-source-range", "10.0.0.0/255.0.0.0", "10.0.0.0/8"),
    _meant("error-log-level", "WARN", "warn"),
    _option("a negative time", "proxy-connect-timeout", "-1", "allowed: a whole number of seconds, without a unit"),
    _option("a level that is none", "gzip-level", "10", "allowed: a whole number from 1 to 9"),
    _option("a single buffer", "proxy-buffers-number", "1", "allowed: a whole number, 2 or more"),
    _option("a balancing that is none", "load-balance", "ip_hash", 'allowed: one of "round_robin", "ewma"'),
    _option("a redirect's status that is none", "http-redirect-code", "303", 'allowed: one of "301", "302", "307"'),
    _option("a status that limits nothing", "limit-req-status-code", "200", "allowed: a whole number from 400 to 599"),
    _option("headers without a namespace", "proxy-set-headers", "headers", 'allowed: a namespace, "/" and a name'),
    _option("a URL without a scheme", "global-auth-url", "auth.example.com", "allowed: a whole URL"),
    _option("more than a value", "ssl-ciphers", "HIGH'; load_module x", "allowed: ciphers of OpenSSL"),
    _option("an option misspelt", "use-gzp", "true", "unknown option, which the controller would ignore; did you mean"),
    _option("an option with underscores", "use_gzip", "true", "did you mean 'use-gzip'?"),
    _option("an option that upstream took away", "enable-opentracing", "true", "unknown option"),
    _option("an option of an older release", "plugins", "mine", "ingress-nginx 1.15, which ingress.image is, does not"),
    _option("a snippet", "http-snippet", "deny all;", "snippets are refused"),
    _option("snippets of others", "allow-snippet-annotations", "true", "this one is decided by webtier"),
    _option("an unknown variable", "log-format-upstream", "$nope", "nginx knows no variable '$nope' here"),
    _option("a misspelt variable", "log-format-upstream", "$staus", "did you mean '$status'?"),
    _option("a quote too many", "log-format-upstream", "it's $status", "ends the format"),
    _option("a backslash at the end", "log-format-upstream", "$status \\", "takes the meaning from the quote"),
    _option("a bracket too few", "log-format-upstream", "${status", "after '${' a name and '}' is missing"),
    _option("a '$' alone", "log-format-upstream", "100$", "after '$' a name is missing"),
    _option("a variable without its module", "log-format-upstream", "$geoip2_city", "only with 'use-geoip2'"),
    _option("a variable of HTTP in a stream", "log-format-stream", "$uri", "nginx knows no variable '$uri' here"),
)
