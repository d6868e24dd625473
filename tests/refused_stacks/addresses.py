"""Names and addresses that an API server, nginx or a browser refuses, or takes for something else."""

import json

from tests.refused_rules.case import Refused

_AS_HOST = "it is an address, which Kubernetes refuses as the host of a rule"
_MACHINE = "allowed: an IP address or a host name in lower case, and nothing else"
_NETWORK = "allowed: an address or a network, such as '10.0.0.0/8' or 'fd00::/8'"
_CIDR = "allowed: addresses as a CIDR without host bits"


def _host(name: str, host: str, reason: str) -> Refused:
    return Refused(
        name, f"routes: [{{host: '{host}', path: /a, backend: user-v1}}]", "routes[0].host", f'"{host}"', reason
    )


def _node(name: str, address: str, reason: str) -> Refused:
    return Refused(name, f"node_address: '{address}'", "node_address", f'"{address}"', reason)


def _redirect(name: str, url: str, reason: str) -> Refused:
    return Refused(
        name, f"routes: [{{path: /a, redirect: {{to: '{url}'}}}}]", "routes[0].redirect.to", f'"{url}"', reason
    )


def _network(name: str, network: str, reason: str) -> Refused:
    config = f"routes: [{{path: /a, backend: user-v1, access: {{allow: ['{network}']}}}}]"
    return Refused(name, config, "routes[0].access.allow[0]", f'"{network}"', reason)


def _elsewhere(name: str, key: str, url: str, reason: str) -> Refused:
    config = f"{{ingress: {{install: false, class_name: nginx, {key}: '{url}'}}}}"
    return Refused(name, config, f"ingress.{key}", f'"{url}"', reason)


def _redis(name: str, settings: str, key: str, value: str, reason: str) -> Refused:
    return Refused(name, f"redis: {settings}", f"redis.{key}", json.dumps(value), reason)


ADDRESSES = (
    _host("an IPv4 address as a host", "10.0.0.1", _AS_HOST),
    _host("an IPv6 address as a host", "fd00::7", _AS_HOST),
    _host("an IPv6 address in brackets as a host", "[fd00::7]", _AS_HOST),
    _host("a host that browsers take for an address", "10.0.0", "its last part is a number, so that every browser"),
    _host("a host of one number", "123", "its last part is a number, so that every browser"),
    _host("a wildcard below a number", "*.example.7", "its last part is a number, so that every browser"),
    _host("a host with a port", "a.example:8080", "allowed: a host name in lower case without a port"),
    _host("a host with a scheme", "https://a.example", "allowed: a host name in lower case without a port"),
    _host("a wildcard within a label", "a*.example", "allowed: a host name in lower case without a port"),
    _host("two wildcards", "*.*.example", "allowed: a host name in lower case without a port"),
    _host("a host with a final dot", "a.example.", "allowed: a host name in lower case without a port"),
    _host("a host with a label of 64", f"{'a' * 64}.example", "allowed: a host name in lower case without a port"),
    _node("a URL as the node", "http://10.0.0.1:80/", f"did you mean '10.0.0.1'? {_MACHINE}"),
    _node("a node with a port", "10.0.0.1:31234", f"did you mean '10.0.0.1'? {_MACHINE}"),
    _node("a node with a path", "node.example/x", f"did you mean 'node.example'? {_MACHINE}"),
    _node("a node in brackets", "[fd00::7]", f"did you mean 'fd00::7'? {_MACHINE}"),
    _node("a node in brackets with a port", "https://[fd00::7]:443", f"did you mean 'fd00::7'? {_MACHINE}"),
    _node("a node with a zone", "fe80::1%eth0", f"did you mean 'fe80::1'? {_MACHINE}"),
    _node("a node with capital letters", "Node.Example", f"did you mean 'node.example'? {_MACHINE}"),
    _node("a node that is no address", "10.0.0.300", _MACHINE),
    _node("a node with a user", "root@10.0.0.1", f"did you mean '10.0.0.1'? {_MACHINE}"),
    _node("a network as the node", "10.0.0.0/24", _MACHINE),
    _redirect("a redirect to no port", "https://a.example:99999/", "no host with a port from 1 to 65535"),
    _redirect("a redirect to port 0", "https://a.example:0/", "its port is none; allowed is 1 to 65535"),
    _redirect("a redirect to no address", "https://10.0.0.300/", "its last part is a number, as of an IPv4 address"),
    _redirect("a redirect to a label of 64", f"https://{'a' * 64}.example/", "has more than 63 characters"),
    _network("a netmask", "10.0.0.0/255.0.0.0", f"did you mean '10.0.0.0/8'? {_NETWORK}"),
    _network("an inverted netmask", "10.0.0.0/0.255.255.255", f"did you mean '10.0.0.0/8'? {_NETWORK}"),
    _network("a network of 33 bits", "10.0.0.0/33", _NETWORK),
    _network("a network with a zone", "fe80::1%eth0", _NETWORK),
    _network("a name as a network", "office.example.com", _NETWORK),
    _network("a range of addresses", "10.0.0.1-10.0.0.9", _NETWORK),
    Refused(
        "a limit's exemption by a netmask",
        "routes: [{path: /a, backend: user-v1, limits: {rps: 1, exempt: [192.0.2.0/255.255.255.0]}}]",
        "routes[0].limits.exempt[0]",
        '"192.0.2.0/255.255.255.0"',
        "did you mean '192.0.2.0/24'?",
    ),
    Refused(
        "a source range by a netmask",
        "ingress: {service_type: LoadBalancer, load_balancer: {source_ranges: [10.0.0.0/255.0.0.0]}}",
        "ingress.load_balancer.source_ranges[0]",
        '"10.0.0.0/255.0.0.0"',
        f"did you mean '10.0.0.0/8'? {_CIDR}",
    ),
    Refused(
        "a source range of a NodePort",
        "ingress: {load_balancer: {source_ranges: [10.0.0.0/8]}}",
        "ingress.load_balancer.source_ranges",
        '["10.0.0.0/8"]',
        "service_type is NodePort; allowed: nothing, or service_type: LoadBalancer",
    ),
    Refused(
        "an origin of no port",
        "routes: [{path: /a, backend: user-v1, cors: {origins: ['https://a.example:70000']}}]",
        "routes[0].cors.origins[0]",
        '"https://a.example:70000"',
        "allowed: an origin such as",
    ),
    Refused(
        "authentication at no port",
        "{ingress: {allow_external_auth: true}, routes: [{path: /a, backend: user-v1, auth: {kind: external, "
        "url: 'http://auth.example:0/'}}]}",
        "routes[0].auth.url",
        '"http://auth.example:0/"',
        "its port is none; allowed is 1 to 65535",
    ),
    Refused(
        "a certificate for an address",
        "ingress: {default_certificate: {kind: generated, names: [10.0.0.1]}}",
        "ingress.default_certificate.names[0]",
        '"10.0.0.1"',
        _AS_HOST,
    ),
    Refused(
        "a Secret's name that is too long",
        f"{{routes: [{{host: {'.'.join(['a' * 62] * 4)}, path: /a, backend: user-v1}}], hosts: "
        f"{{{'.'.join(['a' * 62] * 4)}: {{tls: {{kind: issuer, issuer: x}}}}}}}}",
        f'hosts["{".".join(["a" * 62] * 4)}"].tls.secret',
        None,
        "not set, and '<host>-tls' would have 255 characters, where a Secret's name has at most 253",
    ),
    _elsewhere("a URL of no port", "http_url", "http://a.example:99999", "allowed: a URL without a path"),
    _elsewhere("a URL of no IPv6 address", "http_url", "http://[::::]", "allowed: a URL without a path"),
    _elsewhere("a URL with a path", "https_url", "https://a.example/x", "allowed: a URL without a path"),
    _elsewhere("HTTP in the place of HTTPS", "https_url", "http://a.example", "allowed: a URL with 'https://'"),
    _elsewhere("HTTPS in the place of HTTP", "http_url", "https://a.example", "allowed: a URL with 'http://'"),
    Refused(
        "an IPv4 address within an IPv6 one",
        "external_services: {l: {target: {kind: endpoints, addresses: ['::ffff:192.0.2.7']}, ports: {a: {port: 80}}}}",
        "external_services.l.target.addresses[0]",
        '"::ffff:192.0.2.7"',
        "did you mean '192.0.2.7'? allowed: an IPv4 address as such",
    ),
    Refused(
        "a controller's value without a domain",
        "ingress: {controller_value: '-a..b/x'}",
        "ingress.controller_value",
        '"-a..b/x"',
        "allowed: a DNS name, '/' and a path",
    ),
    _redis(
        "a certificate for a URL",
        "{tls: {kind: generated, names: ['redis://a.example:6379']}}",
        "tls.names[0]",
        "redis://a.example:6379",
        "allowed: a host name in lower case, '*.' and one, or an IP address",
    ),
    _redis(
        "clients by no label",
        "{network_policy: {clients: [{labels: {app: 'my app'}}]}}",
        "network_policy.clients[0].labels.app",
        "my app",
        "allowed: at most 63 of A-Z",
    ),
    _redis(
        "clients by a netmask",
        "{network_policy: {source_ranges: [10.0.0.0/255.0.0.0]}}",
        "network_policy.source_ranges[0]",
        "10.0.0.0/255.0.0.0",
        f"did you mean '10.0.0.0/8'? {_CIDR}",
    ),
    Refused(
        "a Secret's key that can't be",
        "services: {user-v1: {image: 'a:1', secret_env: {A: {secret: s, key: a/b}}}, pay-v1: {image: 'a:1'}}",
        "services.user-v1.secret_env.A.key",
        '"a/b"',
        "allowed: 1 to 253 of A-Z, a-z, 0-9, '-', '_' and '.'",
    ),
    Refused(
        "a variable with a NUL",
        'services: {user-v1: {image: "a:1", env: {A: "b\\0"}}, pay-v1: {image: "a:1"}}',
        "services.user-v1.env.A",
        '"b\\u0000"',
        "no process can be given a NUL character",
    ),
)
