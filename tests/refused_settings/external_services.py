"""External services that can't be, each with the report that it has to get.

They stand below `webtier:external_services.ledger`.
"""

from tests.refused_settings.case import Refused

REFUSED_EXTERNAL_SERVICES = (
    Refused("no target", "{ports: {http: {port: 80}}}", "target", None, "not set, but needed: What it leads to."),
    Refused(
        "given addresses without a port",
        "{target: {kind: endpoints, addresses: [192.0.2.7]}}",
        "ports",
        "an object with no keys",
        "allowed: at least one port by its name, such as {http: {port: 80}}",
    ),
    Refused(
        "no address",
        "{target: {kind: endpoints, addresses: []}, ports: {http: {port: 80}}}",
        "target.addresses",
        "[]",
        "allowed: a list with at least one entry",
    ),
    Refused(
        "a name as an address",
        "{target: {kind: endpoints, addresses: [db.example.com]}, ports: {http: {port: 80}}}",
        "target.addresses[0]",
        '"db.example.com"',
        "allowed: an IP address, such as '192.0.2.7'",
    ),
    Refused(
        "the node itself",
        "{target: {kind: endpoints, addresses: [127.0.0.1]}, ports: {http: {port: 80}}}",
        "target.addresses[0]",
        '"127.0.0.1"',
        "allowed: an address of one machine, none that is loopback, link-local or multicast",
    ),
    Refused(
        "addresses of both kinds",
        "{target: {kind: endpoints, addresses: [192.0.2.7, '2001:db8::7']}, ports: {http: {port: 80}}}",
        "target.addresses[1]",
        '"2001:db8::7"',
        "addresses[0] is an IPv4 one, and a Service here has one of the two kinds; allowed: addresses of one kind",
    ),
    Refused(
        "an address twice",
        "{target: {kind: endpoints, addresses: [192.0.2.7, 192.0.2.7]}, ports: {http: {port: 80}}}",
        "target.addresses[1]",
        '"192.0.2.7"',
        "addresses[0] is the same; allowed: each address once",
    ),
    Refused(
        "a container's port where there is no container",
        "{target: {kind: endpoints, addresses: [192.0.2.7]}, ports: {http: {port: 80, target_port: web}}}",
        "ports.http.target_port",
        '"web"',
        "the kind 'endpoints' has no container whose port could have a name; allowed: a number",
    ),
    Refused(
        "a NodePort of an alias",
        "{target: {kind: external_name, host: db.example.com}, ports: {http: {port: 80, node_port: 30080}}}",
        "ports.http.node_port",
        "30080",
        "the kind 'external_name' opens none; allowed: null, or the kind 'node_port' or 'load_balancer'",
    ),
    Refused(
        "an alias of an address",
        "{target: {kind: external_name, host: 192.0.2.7}}",
        "target.host",
        '"192.0.2.7"',
        "allowed: a DNS name of something else, such as 'db.example.com'; for an address use the kind 'endpoints'",
    ),
    Refused(
        "an alias of the pod that asks",
        "{target: {kind: external_name, host: localhost}}",
        "target.host",
        '"localhost"',
        "allowed: a DNS name of something else",
    ),
)
