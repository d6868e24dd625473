"""What rules and the services behind them, or the controller before them, can only get wrong together."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import chain, product

from environment.checks.usable_settings import UsableSettings
from environment.settings.model import EnvironmentSettings
from webtier.path_rules import RuleSet
from webtier.path_rules.checks.backends import named_services
from webtier.path_rules.rules.options import ServiceRef
from webtier.service_exposure.ports import tcp_ports
from webtier.shared.addresses import is_network
from webtier.shared.problems import Place, Problem

_HTTP_1 = ("http", "http-alt", "www", "www-http", "ws", "kubernetes.io/ws")
"""What a Service may say of a port that is asked in HTTP/1.1: names of IANA, and of Kubernetes' own."""

_OWN_DOMAIN = "kubernetes.io/"

_TRUSTING = {
    "use-forwarded-headers": "a header",
    "enable-real-ip": "a header",
    "use-proxy-protocol": "the PROXY protocol",
}
"""Options by which the controller takes a client's address from what is sent to it, and from what."""

_TRUSTED = "proxy-real-ip-cidr"


def check_traffic(settings: UsableSettings) -> Iterator[Problem]:
    """The problems between rules, the services that are right on their own, and the controller."""
    if settings.gateway is None:
        yield from _protocols(settings)
    if settings.installs_controller:
        yield from _clients_that_say_their_address(settings.ingress.config, settings.rules)


def _backends_of(rules: RuleSet) -> Iterator[tuple[str, ServiceRef]]:
    """Every service that requests are led to, with the setting that says so."""
    for position, rule in rules.rules.items():
        for place, reference in named_services(rule):
            yield f"routes[{position}].{'.'.join(map(str, place))}", reference
    if rules.default_backend is not None:
        yield "default_backend", ServiceRef(service=rules.default_backend)


def stack_notes(settings: EnvironmentSettings) -> Iterator[str]:
    """What is allowed but may surprise, where no single component sees it: one sentence each, for the preview."""
    for setting, reference in _backends_of(RuleSet.of(settings.routes, settings.hosts, settings.default_backend)):
        service = settings.services.get(reference.service)
        if service is None or service.fewest_pods > 0:
            continue
        if setting.endswith(".canary.backend"):
            outcome = "the canary gets none of the requests"
        elif setting.endswith(".error_pages.backend"):
            outcome = "the errors are answered with 503"
        else:
            outcome = "requests that it is for are answered with 503"
        yield f"{setting} is {reference.service}, and services.{reference.service}.replicas is 0: {outcome}"


def _protocols(settings: UsableSettings) -> Iterator[Problem]:
    reported: set[Place] = set()
    for (setting, reference), (key, services) in product(_backends_of(settings.rules), settings.ports.items()):
        ports = services.get(reference.service, {})
        name = reference.port or next(iter(tcp_ports(ports)), "")
        protocol = ports[name].app_protocol if name in ports else None
        place = (key, reference.service, "ports", name, "app_protocol")
        if protocol is None or _may_be_http_1(protocol) or place in reported:
            continue
        reported.add(place)
        message = (
            f"{setting} leads to this port, and ingress-nginx asks it in HTTP/1.1 without TLS, whatever is said here; "
            "allowed: null, 'http' or 'kubernetes.io/ws' where the port answers that, another port for the rule, or "
            "routing of the kind 'gateway'"
        )
        yield Problem(place, message, protocol)


def _may_be_http_1(protocol: str) -> bool:
    # What stands under somebody's domain means what they say.
    return protocol in _HTTP_1 or ("/" in protocol and not protocol.startswith(_OWN_DOMAIN))


def _clients_that_say_their_address(config: Mapping[str, str], rules: RuleSet) -> Iterator[Problem]:
    asking = next(_by_address(rules, config), None)
    trusting = [option for option in _TRUSTING if config.get(option) == "true"]
    if asking is None or not trusting:
        return
    trusted = config.get(_TRUSTED)
    message = (
        f"every client could then say its own address in {_TRUSTING[trusting[0]]}, and {asking} goes by it; allowed: "
        f"{_TRUSTED} with the addresses of the proxies alone, such as \"10.0.0.0/8\", or none of 'access' and 'limits'"
    )
    if trusted is None:
        for option in trusting:
            yield Problem(("ingress", "config", option), message, config[option])
    elif _is_everybody(trusted):
        yield Problem(("ingress", "config", _TRUSTED), message, trusted)


def _by_address(rules: RuleSet, config: Mapping[str, str]) -> Iterator[str]:
    """The settings that go by a client's address."""
    for position, rule in rules.rules.items():
        yield from (f"routes[{position}].{option}" for option in ("access", "limits") if getattr(rule, option))
    for option in ("whitelist-source-range", "denylist-source-range", "block-cidrs"):
        if option in config:
            yield f"ingress.config.{option}"


def _is_everybody(text: str) -> bool:
    """Whether networks, with commas, are all addresses of one kind together."""
    listed = [ipaddress.ip_network(entry.strip()) for entry in text.split(",") if is_network(entry.strip())]
    fours = [network for network in listed if isinstance(network, ipaddress.IPv4Network)]
    sixes = [network for network in listed if isinstance(network, ipaddress.IPv6Network)]
    together = chain(ipaddress.collapse_addresses(fours), ipaddress.collapse_addresses(sixes))
    return any(network.prefixlen == 0 for network in together)
