"""Settings that are right on their own, and wrong together."""

from tests.refused_rules.case import Refused

_HTTP_1 = "ingress-nginx asks it in HTTP/1.1 without TLS, whatever is said here; allowed: null, 'http'"
_HEADER = "every client could then say its own address in a header"


def _protocol(protocol: str) -> Refused:
    return Refused(
        f"a rule to {protocol}",
        f"{{services: {{user-v1: {{image: 'a:1', ports: {{http: {{port: 8080, app_protocol: {protocol}}}}}}}, "
        "pay-v1: {image: 'a:1'}}, routes: [{path: /a, backend: user-v1}]}",
        "services.user-v1.ports.http.app_protocol",
        f'"{protocol}"',
        f"routes[0].backend leads to this port, and {_HTTP_1}",
    )


def _trusting(name: str, rule: str, config: str, key: str, value: str, reason: str) -> Refused:
    return Refused(
        name,
        f"{{routes: [{{path: /a, backend: user-v1, {rule}}}], ingress: {{config: {{{config}}}}}}}",
        f"ingress.config.{key}",
        f'"{value}"',
        reason,
    )


_ALLOW = "access: {allow: [10.0.0.0/8]}"

TOGETHER = (
    *map(_protocol, ("kubernetes.io/h2c", "kubernetes.io/wss", "https", "grpc")),
    Refused(
        "everything to TLS",
        "{external_services: {l: {target: {kind: endpoints, addresses: [192.0.2.7]}, ports: {https: {port: 443, "
        "app_protocol: https}}}}, default_backend: l}",
        "external_services.l.ports.https.app_protocol",
        '"https"',
        f"default_backend leads to this port, and {_HTTP_1}",
    ),
    _trusting(
        "a list by everybody's header",
        _ALLOW,
        "use-forwarded-headers: 'true'",
        "use-forwarded-headers",
        "true",
        f"{_HEADER}, and routes[0].access goes by it",
    ),
    _trusting(
        "a limit by everybody's header",
        "limits: {rps: 5}",
        "use-forwarded-headers: 'true'",
        "use-forwarded-headers",
        "true",
        f"{_HEADER}, and routes[0].limits goes by it",
    ),
    _trusting(
        "a list by everybody's real address",
        _ALLOW,
        "enable-real-ip: 'true'",
        "enable-real-ip",
        "true",
        _HEADER,
    ),
    _trusting(
        "a list by everybody's PROXY protocol",
        _ALLOW,
        "use-proxy-protocol: 'true'",
        "use-proxy-protocol",
        "true",
        "every client could then say its own address in the PROXY protocol",
    ),
    _trusting(
        "everybody as a proxy",
        _ALLOW,
        "use-forwarded-headers: 'true', proxy-real-ip-cidr: 0.0.0.0/0",
        "proxy-real-ip-cidr",
        "0.0.0.0/0",
        _HEADER,
    ),
    _trusting(
        "everybody as a proxy, in two halves",
        _ALLOW,
        "use-forwarded-headers: 'true', proxy-real-ip-cidr: '0.0.0.0/1,128.0.0.0/1'",
        "proxy-real-ip-cidr",
        "0.0.0.0/1,128.0.0.0/1",
        _HEADER,
    ),
    Refused(
        "an unknown service in the long form",
        "routes: [{path: /a, backend: {service: pay}}]",
        "routes[0].backend.service",
        '"pay"',
        "allowed: a web service of this stack",
    ),
    Refused(
        "the root stripped in the long form",
        "routes: [{path: /, backend: user-v1, rewrite: {kind: strip_prefix}}]",
        "routes[0].rewrite.kind",
        '"strip_prefix"',
        "the path '/' has no prefix that could be stripped",
    ),
    Refused(
        "NodePorts beyond the last",
        "redis: {access: {pods: {kind: node_ports, first: 32760}}}",
        "redis.access.pods.first",
        "32760",
        "3 shards need the NodePorts 32760 to 32825, and 32767 is the last; allowed: at most 32702",
    ),
    Refused(
        "a NodePort of the pods for all",
        "redis: {access: {node_port: 30100, pods: {kind: node_ports}}}",
        "redis.access.node_port",
        "30100",
        "one of the pods' own NodePorts 30100 to 30165; allowed: any other",
    ),
    Refused(
        "no issuer",
        "{routes: [{host: a.example, path: /a, backend: user-v1}], hosts: {a.example: {tls: {kind: issuer}}}}",
        'hosts["a.example"].tls.cluster_issuer',
        None,
        "not set, but needed: the ClusterIssuer or, as 'issuer', the Issuer",
    ),
)
