"""Whether the settings of whole hosts can hold, and whether a rule is for each host."""

import difflib
from collections.abc import Iterator

from webtier.path_rules.rules.hosts import WILDCARD, HostSettings, IssuerTls, tls_secret, www_partner
from webtier.path_rules.rules.model import ROOT, RuleSet
from webtier.shared.addresses import LONGEST_NAME
from webtier.shared.problems import Place, Problem


def host_problems(rules: RuleSet) -> Iterator[Problem]:
    """Settings of hosts without rules, and redirects that can't work."""
    for host, settings in rules.hosts.items():
        place: Place = ("hosts", host)
        if host in rules.other_hosts:
            continue
        if host not in rules.host_names:
            yield _without_rules(place, host, rules)
            continue
        yield from _www_problems(place, host, settings, rules)
        yield from _app_root_problems(place, host, settings, rules)


def certificate_problems(rules: RuleSet) -> Iterator[Problem]:
    """Certificates that are missing, that have no issuer, or that two issuers would write."""
    for host, settings in rules.hosts.items():
        place: Place = ("hosts", host)
        if host in rules.other_hosts or host not in rules.host_names:
            continue
        if settings.tls_redirect and settings.tls is None:
            message = "HTTPS has no certificate here; allowed: true only together with 'tls'"
            yield Problem((*place, "tls_redirect"), message, value=True)
        if isinstance(settings.tls, IssuerTls):
            yield from _issuer_problems(place, settings.tls)
            secret = tls_secret(host, settings.tls)
            if len(secret) > LONGEST_NAME:
                message = (
                    f"not set, and '<host>-tls' would have {len(secret)} characters, where a Secret's name has at most "
                    f"{LONGEST_NAME}; allowed: a name for it"
                )
                yield Problem((*place, "tls", "secret"), message, has_value=False)
    yield from _shared_secrets(rules)


def _without_rules(place: Place, host: str, rules: RuleSet) -> Problem:
    known = sorted(name for name in rules.host_names if name is not None)
    nearest = difflib.get_close_matches(host, known, n=1)
    meant = f"did you mean '{nearest[0]}'? " if nearest else ""
    listed = ", ".join(known) or "none has one yet; a host gets rules by the 'host' of a route"
    return Problem(place, f"no route has this host; {meant}allowed: a host of a route: {listed}", has_value=False)


def _www_problems(place: Place, host: str, settings: HostSettings, rules: RuleSet) -> Iterator[Problem]:
    if not settings.www_redirect:
        return
    partner = www_partner(host)
    message = None
    if host.startswith(WILDCARD):
        message = "a wildcard has no one name that could be sent to it; allowed: true for a host without '*'"
    elif partner in rules.host_names:
        message = (
            f"{partner} has routes of its own, so that it would not be sent here; allowed: false, or no routes for "
            f"{partner}"
        )
    elif "." not in partner:
        message = f"without 'www.' only '{partner}' is left, which is no host; allowed: false"
    if message is not None:
        yield Problem((*place, "www_redirect"), message, value=True)


def _app_root_problems(place: Place, host: str, settings: HostSettings, rules: RuleSet) -> Iterator[Problem]:
    if settings.app_root is None:
        return
    if settings.app_root == ROOT:
        message = "'/' would be sent to itself for ever; allowed: a path below it, such as '/shop'"
        yield Problem((*place, "app_root"), message, settings.app_root)
        return
    for position, rule in rules.on(host).items():
        if rule.match == "exact" and rule.path == ROOT:
            message = f"routes[{position}] is for '/' itself and would never be reached; allowed: one of the two"
            yield Problem((*place, "app_root"), message, settings.app_root)


def _issuer_problems(place: Place, tls: IssuerTls) -> Iterator[Problem]:
    if tls.cluster_issuer is None and tls.issuer is None:
        message = "not set, but needed: the ClusterIssuer or, as 'issuer', the Issuer; allowed: exactly one of the two"
        yield Problem((*place, "tls", "cluster_issuer"), message, has_value=False)
    elif tls.issuer is not None and tls.cluster_issuer is not None:
        message = f"cluster_issuer is {tls.cluster_issuer} too; allowed: exactly one of 'cluster_issuer' and 'issuer'"
        yield Problem((*place, "tls", "issuer"), message, tls.issuer)


def _shared_secrets(rules: RuleSet) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for host, settings in rules.hosts.items():
        if settings.tls is None or host not in rules.host_names:
            continue
        secret = tls_secret(host, settings.tls)
        earlier = first.setdefault(secret, host)
        other = rules.hosts[earlier].tls
        if earlier != host and (isinstance(settings.tls, IssuerTls) or isinstance(other, IssuerTls)):
            message = (
                f"the certificate of {earlier} is in the Secret '{secret}' too, and cert-manager writes one into it; "
                "allowed: another Secret, or kind 'secret' for both"
            )
            own = settings.tls.secret
            yield Problem(("hosts", host, "tls", "secret"), message, own, has_value=own is not None)
