"""Which variables nginx knows, and whether a text that has some is one that it takes.

One unknown variable, or one quote too many, and nginx refuses its whole configuration. The variables are those of
nginx' documentation (https://nginx.org/en/docs/varindex.html) for the modules that the controller's nginx has, and
those that the controller's template makes.
"""

import difflib
import re
from collections.abc import Iterator, Mapping

_BOTH = """
    binary_remote_addr bytes_sent connection hostname limit_conn_status msec nginx_version pid proxy_protocol_addr
    proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port proxy_protocol_tlv_
    proxy_upstream_name realip_remote_addr realip_remote_port remote_addr remote_port server_addr server_port
    ssl_alpn_protocol ssl_cipher ssl_ciphers ssl_client_cert ssl_client_fingerprint ssl_client_i_dn
    ssl_client_raw_cert ssl_client_s_dn ssl_client_serial ssl_client_v_end ssl_client_v_remain ssl_client_v_start
    ssl_client_verify ssl_curve ssl_curves ssl_protocol ssl_server_name ssl_session_id ssl_session_reused status
    time_iso8601 time_local upstream_addr upstream_bytes_received upstream_bytes_sent upstream_connect_time
"""
"""What nginx knows for HTTP and for streams of TCP and UDP."""

_HTTP = """
    ancient_browser arg_ args balancer_ewma_score best_http_host body_bytes_sent connection_requests connection_time
    connection_upgrade connections_active connections_reading connections_waiting connections_writing content_length
    content_type cookie_ date_gmt date_local document_root document_uri fastcgi_path_info fastcgi_script_name
    gzip_ratio host http2 http_ https ingress_name invalid_referer is_args limit_rate limit_req_status
    literal_dollar location_path loggable modern_browser msie namespace pass_access_scheme pass_port
    pass_server_port pipe proxy_add_x_forwarded_for proxy_alternative_upstream_name proxy_host proxy_port
    query_string realpath_root remote_user req_id request request_body request_body_file request_completion
    request_filename request_id request_length request_method request_time request_uri scheme sent_http_
    sent_trailer_ server_name server_protocol service_name service_port slice_range ssl_client_escaped_cert
    ssl_client_i_dn_legacy ssl_client_s_dn_legacy ssl_early_data tcpinfo_rcv_space tcpinfo_rtt tcpinfo_rttvar
    tcpinfo_snd_cwnd uid_got uid_reset uid_set upstream_cache_status upstream_cookie_ upstream_header_time
    upstream_http_ upstream_response_length upstream_response_time upstream_status upstream_trailer_ uri
"""

_STREAM = """
    bytes_received protocol session_time ssl_preread_alpn_protocols ssl_preread_protocol ssl_preread_server_name
    upstream_first_byte_time upstream_session_time
"""

_GEOIP2 = """
    geoip2_asn geoip2_city geoip2_city_continent_code geoip2_city_continent_name geoip2_city_country_code
    geoip2_city_country_geoname_id geoip2_city_country_name geoip2_city_geoname_id geoip2_connection_type
    geoip2_continent_code geoip2_continent_geoname_id geoip2_continent_name geoip2_country_code
    geoip2_country_geoname_id geoip2_country_name geoip2_dma_code geoip2_is_anon geoip2_is_anonymous
    geoip2_is_anonymous_vpn geoip2_is_hosting_provider geoip2_is_public_proxy geoip2_is_tor_exit_node geoip2_isp
    geoip2_isp_org geoip2_latitude geoip2_longitude geoip2_org geoip2_postal_code geoip2_region_code
    geoip2_region_geoname_id geoip2_region_name geoip2_subregion_code geoip2_subregion_geoname_id
    geoip2_subregion_name geoip2_time_zone
"""

_OPENTELEMETRY = """
    opentelemetry_context_b3 opentelemetry_context_traceparent opentelemetry_span_id opentelemetry_trace_id
"""

_WITH: Mapping[tuple[str, ...], str] = {
    ("use-geoip2",): _GEOIP2,
    ("enable-opentelemetry",): _OPENTELEMETRY,
    ("block-user-agents",): "block_ua",
    ("block-referers",): "block_ref",
    ("use-forwarded-headers", "compute-full-forwarded-for"): "full_x_forwarded_for",
    ("use-forwarded-headers", "use-proxy-protocol"): "forwarded_for_proxy_protocol proxy_protocol_addr_trusted",
}
"""Variables that are there only with these options, all of them."""

QUOTED = ("log-format-stream", "log-format-upstream")
"""Options that the controller's template puts into single quotes."""

WITH_VARIABLES = (
    *QUOTED,
    "global-auth-cache-key",
    "global-auth-request-redirect",
    "limit-conn-zone-variable",
    "opentelemetry-operation-name",
)

_NAME = re.compile(r"\$(?:\{(?P<braced>[A-Za-z0-9_]*)(?P<end>\}?)|(?P<plain>[A-Za-z0-9_]+)|)")


def text_problems(option: str, text: str, config: Mapping[str, str]) -> Iterator[str]:
    """All that nginx would refuse of the text that an option with variables has, among these other options."""
    if option in QUOTED:
        yield from _quoting_problems(text)
    known: set[str] = {*_BOTH.split(), *(_STREAM if option == "log-format-stream" else _HTTP).split()}
    needed: dict[str, tuple[str, ...]] = {}
    if option != "log-format-stream":
        for options, names in _WITH.items():
            if all(config.get(each, "false") != "false" for each in options):
                known.update(names.split())
            else:
                needed.update(dict.fromkeys(names.split(), options))
    found: set[str] = set()
    for match in _NAME.finditer(text):
        name = match["plain"] or match["braced"]
        if not name or match["end"] == "":
            what = (
                "after '${' a name and '}' is missing" if match["braced"] is not None else "after '$' a name is missing"
            )
            yield f"{what}; allowed: variables such as '$status' or '${{status}}'"
        elif name not in found and not _is_known(name, known):
            yield _unknown(option, name, known, needed)
        found.add(name)


def _is_known(name: str, known: set[str]) -> bool:
    return name in known or any(each.endswith("_") and name.startswith(each) for each in known)


def _unknown(option: str, name: str, known: set[str], needed: Mapping[str, tuple[str, ...]]) -> str:
    if name in needed:
        options = " and ".join(f"'{option}'" for option in needed[name])
        return f"the variable '${name}' is there only with {options}; allowed: another one, or that beside it"
    nearest = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean '${nearest[0]}'? " if nearest else ""
    some = "'$status' and '$session_time'" if option == "log-format-stream" else "'$status' and '$http_<header>'"
    return f"nginx knows no variable '${name}' here; {meant}allowed: its variables, such as {some}"


def _quoting_problems(text: str) -> Iterator[str]:
    """The text stands between single quotes in nginx.conf, where a backslash takes its meaning from a quote."""
    plain = re.sub(r"\\.", "", text, flags=re.DOTALL)
    if "'" in plain:
        yield (
            'a "\'" ends the format, which stands between two of them in nginx.conf; allowed: "\\\'" for the character '
            "itself, or '\"'"
        )
    if plain.endswith("\\"):
        yield "a '\\' at the end takes the meaning from the quote that ends the format; allowed: '\\\\' or none"
