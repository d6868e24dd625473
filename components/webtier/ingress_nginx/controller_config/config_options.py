"""The options of the controller's ConfigMap: those of ingress-nginx 1.11 to 1.15, its last release, by name and kind.

Names and types are those of its own `Configuration` (`internal/ingress/controller/config/config.go` and
`internal/ingress/defaults`), ranges and words those of nginx' directives.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from webtier.ingress_nginx.controller_config import config_values as kinds
from webtier.ingress_nginx.controller_config.config_values import Kind

FIRST_RELEASE = (1, 11)
LAST_RELEASE = (1, 15)


@dataclass(frozen=True)
class Option:
    """What an option may be, and the releases that know it."""

    kind: Kind
    since: tuple[int, int] = FIRST_RELEASE
    until: tuple[int, int] = LAST_RELEASE


_NEXT_UPSTREAM = (
    "error timeout invalid_header http_500 http_502 http_503 http_504 http_403 http_404 http_429 non_idempotent off"
)
_PLAIN = r"[^\s;{}'\"\\$]+"

_BY_KIND: tuple[tuple[Kind, str], ...] = (
    (
        kinds.SWITCH,
        """
        allow-backend-server-header compute-full-forwarded-for disable-access-log disable-ipv6
        disable-http-access-log disable-ipv6-dns disable-proxy-intercept-errors disable-stream-access-log
        enable-access-log-for-default-backend enable-aio-write enable-auth-access-log enable-brotli
        enable-modsecurity enable-multi-accept enable-ocsp enable-opentelemetry enable-owasp-modsecurity-crs
        enable-real-ip enable-serial-reloads enable-syslog enable-underscores-in-headers force-ssl-redirect
        generate-request-id global-auth-always-set-cookie hsts hsts-include-subdomains hsts-preload
        ignore-invalid-headers log-format-escape-json log-format-escape-none opentelemetry-trust-incoming-span
        otel-sampler-parent-based preserve-trailing-slash proxy-add-original-uri-header proxy-ssl-location-only
        proxy-stream-next-upstream retry-non-idempotent reuse-port server-tokens service-upstream ssl-early-data
        ssl-redirect ssl-reject-handshake ssl-session-cache ssl-session-tickets use-forwarded-headers use-geoip2
        use-gzip use-http2 use-port-in-redirects use-proxy-protocol
        """,
    ),
    (kinds.ON_OFF, "proxy-buffering proxy-request-buffering"),
    (
        kinds.whole(0, unit="seconds"),
        "client-body-timeout client-header-timeout keep-alive proxy-next-upstream-timeout upstream-keepalive-timeout",
    ),
    (kinds.whole(1, unit="seconds"), "proxy-connect-timeout proxy-read-timeout proxy-send-timeout"),
    (
        kinds.whole(),
        """
        brotli-min-length geoip2-autoreload-in-minutes grpc-buffer-size-kb gzip-min-length hsts-max-age
        http2-max-requests keep-alive-requests limit-rate limit-rate-after max-worker-connections
        max-worker-open-files proxy-next-upstream-tries proxy-stream-responses proxy-stream-next-upstream-tries
        upstream-keepalive-connections
        """,
    ),
    (
        kinds.whole(1),
        """
        http2-max-concurrent-streams map-hash-bucket-size otel-max-export-batch-size otel-max-queuesize
        otel-schedule-delay-millis proxy-headers-hash-bucket-size proxy-headers-hash-max-size
        server-name-hash-bucket-size server-name-hash-max-size upstream-keepalive-requests
        variables-hash-bucket-size variables-hash-max-size
        """,
    ),
    (kinds.whole(1, 65535), "otlp-collector-port syslog-port"),
    (kinds.whole(400, 599), "limit-conn-status-code limit-req-status-code"),
    (kinds.whole(1, 9), "gzip-level"),
    (kinds.whole(0, 11), "brotli-level"),
    # nginx refuses a single buffer.
    (kinds.whole(2), "proxy-buffers-number"),
    (
        kinds.size(),
        """
        client-body-buffer-size client-header-buffer-size http2-max-field-size http2-max-header-size
        proxy-buffer-size ssl-buffer-size ssl-session-cache-size
        """,
    ),
    (kinds.size("kmg"), "proxy-body-size proxy-max-temp-file-size"),
    (kinds.TIME, "proxy-stream-next-upstream-timeout proxy-stream-timeout ssl-session-timeout upstream-keepalive-time"),
    (kinds.DURATION, "proxy-protocol-header-timeout"),
    (kinds.matching(r"0+(\.[0-9]+)?|0*1(\.0+)?", 'a number from 0 to 1, such as "0.5"'), "otel-sampler-ratio"),
    (kinds.one_of("301", "302", "307", "308"), "http-redirect-code"),
    (kinds.one_of("1.0", "1.1"), "proxy-http-version"),
    (kinds.one_of("round_robin", "ewma"), "load-balance"),
    (kinds.one_of("AlwaysOn", "AlwaysOff", "TraceIdRatioBased"), "otel-sampler"),
    (kinds.one_of("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"), "error-log-level"),
    (
        kinds.one_of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"),
        "global-auth-method",
    ),
    (kinds.words("SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "TLSv1.2 TLSv1.3"), "ssl-protocols"),
    (kinds.words(_NEXT_UPSTREAM, "error timeout"), "proxy-next-upstream"),
    (
        kinds.NETWORKS,
        """
        block-cidrs debug-connections denylist-source-range nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist
        proxy-real-ip-cidr whitelist-source-range
        """,
    ),
    (kinds.ADDRESSES, "bind-address"),
    (kinds.STATUSES, "custom-http-errors"),
    (kinds.HEADERS, "global-allowed-response-headers global-auth-response-headers hide-headers"),
    (kinds.HEADER, "forwarded-for-header"),
    (kinds.MIME_TYPES, "brotli-types gzip-types"),
    (kinds.NAMESPACED, "add-headers proxy-set-headers ssl-dh-param"),
    (kinds.URL, "global-auth-signin global-auth-url"),
    (kinds.HOST, "otlp-collector-host syslog-host"),
    (kinds.ACCESS_LOG, "access-log-path http-access-log-path stream-access-log-path"),
    (kinds.ERROR_LOG, "error-log-path"),
    (
        kinds.items(lambda entry: entry.startswith("/") and not set(entry) & set(" ;{}'\"\\"), "paths with commas"),
        "no-auth-locations no-tls-redirect-locations",
    ),
    (
        kinds.matching(
            r"(buffer=[0-9]+[kKmM]?|gzip(=[1-9])?|flush=[0-9]+(ms|[smhd])?)( (buffer=[0-9]+[kKmM]?|gzip(=[1-9])?"
            r"|flush=[0-9]+(ms|[smhd])?))*",
            'parameters of access_log, such as "buffer=16k flush=5s gzip"',
        ),
        "access-log-params",
    ),
    (kinds.matching(r"[^\n]+", 'words with commas, such as "load_module,_by_lua"'), "annotation-value-word-blocklist"),
    (
        kinds.matching(r"auto( [01]+)?|[01]+( [01]+)*", '"auto", or masks of CPUs such as "0001 0010"'),
        "worker-cpu-affinity",
    ),
    (kinds.matching(r"auto|[1-9][0-9]{0,3}", '"auto", or a whole number from 1 to 9999'), "worker-processes"),
    (
        kinds.matching(r"[1-9][0-9]* [0-9]+[kKmM]?", 'a number and a size of nginx, such as "4 8k"'),
        "large-client-header-buffers",
    ),
    (kinds.matching(r"[A-Za-z0-9:!+@=_.-]+", 'ciphers of OpenSSL with ":" between'), "ssl-ciphers"),
    (kinds.matching(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)*", '"auto", or curves with ":" between'), "ssl-ecdh-curve"),
    (
        kinds.matching(r"[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{107}=", "48 or 80 random bytes in base64"),
        "ssl-session-ticket-key",
    ),
    (kinds.matching(r"[a-z0-9.+-]+/[a-z0-9.+-]+", 'a MIME type, such as "text/html"'), "default-type"),
    (kinds.matching(r"[^\"\\\n]+", "a regular expression without quotes"), "gzip-disable"),
    (kinds.MAP_SOURCES, "block-referers block-user-agents skip-access-log-urls"),
    (
        kinds.items(
            kinds.matching(r"[a-z_][a-z0-9_]*: *[0-9]+[kKmM]?", "").is_right,
            'names and sizes in megabytes, or with "k" kilobytes, such as "certificate_data: 100, mine: 512k"',
        ),
        "lua-shared-dicts",
    ),
    (
        kinds.items(
            kinds.matching(r"([1-5][0-9]{2} )+[0-9]+(ms|[smhdw])?", "").is_right,
            'statuses and a time, with commas, such as "200 202 401 5m"',
        ),
        "global-auth-cache-duration",
    ),
    (kinds.matching(r"/[A-Za-z0-9._/-]+", "the path of a file"), "opentelemetry-config"),
    (kinds.matching(r"[A-Za-z0-9._ /:-]+", "letters, digits, '.', '_', '/', ':', '-'"), "otel-service-name"),
    (kinds.matching(r"[A-Za-z0-9_-]+", "the name of a URL's parameter"), "global-auth-signin-redirect-param"),
    # With variables of nginx, which `nginx_variables` looks at.
    (
        kinds.matching(r"[^\s;'\"\\]+", "text with variables of nginx, without spaces and quotes"),
        "global-auth-cache-key global-auth-request-redirect limit-conn-zone-variable",
    ),
    (kinds.matching(r"[^;'\"\\\n]+", "text with variables of nginx, without quotes"), "opentelemetry-operation-name"),
    (kinds.matching(r"[^\0]+", "a format of nginx"), "log-format-stream log-format-upstream"),
    (
        kinds.matching(rf"off|{_PLAIN} {_PLAIN}", '"off", or the text, a space and what takes its place'),
        "proxy-cookie-domain proxy-cookie-path",
    ),
    (
        kinds.matching(rf"off|default|{_PLAIN}", '"off", "default", or the beginning of a URL'),
        "proxy-redirect-from proxy-redirect-to",
    ),
)
"""Options that all of the releases know, by their kind."""

OPTIONS: Mapping[str, Option] = {
    **{name: Option(kind) for kind, names in _BY_KIND for name in names.split()},
    "forwarded-for-proxy-protocol-header": Option(kinds.HEADER, since=(1, 13)),
    "forwarded-host-header": Option(kinds.HEADER, since=(1, 13)),
    "proxy-busy-buffers-size": Option(kinds.size(), since=(1, 13)),
    "relative-redirects": Option(kinds.SWITCH, since=(1, 13)),
    "plugins": Option(kinds.matching(r"[A-Za-z0-9_,-]+", "names with commas"), until=(1, 11)),
    "global-rate-limit-memcached-connect-timeout": Option(kinds.whole(), until=(1, 11)),
    "global-rate-limit-memcached-host": Option(kinds.HOST, until=(1, 11)),
    "global-rate-limit-memcached-max-idle-timeout": Option(kinds.whole(), until=(1, 11)),
    "global-rate-limit-memcached-pool-size": Option(kinds.whole(1), until=(1, 11)),
    "global-rate-limit-memcached-port": Option(kinds.whole(1, 65535), until=(1, 11)),
    "global-rate-limit-status-code": Option(kinds.whole(400, 599), until=(1, 11)),
}
