"""Whether every redirect leads somewhere: to an answer of a backend, or out of the rules.

A redirect's target is a whole URL, the same for all of its rule's paths. So it is enough to ask what the rules
themselves answer to that URL, and to the next one, until it is no redirect.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from webtier.path_rules.rules.model import RuleSet
from webtier.path_rules.rules.request import Request, host_name
from webtier.path_rules.rules.semantics import Redirected, answer_to, responsible_host, www_partner_of
from webtier.shared.addresses import is_address
from webtier.shared.problems import Problem

MOST_REDIRECTS = 20
"""What browsers follow, one after another: so the Fetch standard (4.4), Chrome and Firefox."""

_ALLOWED = (
    "allowed: a URL that a backend answers, or one of a host that is served elsewhere and that no rule here is for"
)


@dataclass(frozen=True)
class _Hop:
    """One redirect: the setting that answers with it, its URL, the rule's position if it is a rule's own, and the host
    whose rules or settings these are, None for those of every host.
    """

    by: str
    url: str
    rule: int | None
    host: str | None


def redirect_problems(rules: RuleSet) -> Iterator[Problem]:
    """Redirects that lead back to themselves, by whatever way, or on and on.

    A loop is one problem, of the first of its rules.
    """
    # No redirect depends on a rewrite, and a wrong one has no answer.
    rules = replace(rules, rules={at: rule.model_copy(update={"rewrite": None}) for at, rule in rules.rules.items()})
    known: dict[Request, _Hop | None] = {}
    too_long: set[int | None] = set()
    for position, rule in sorted(rules.rules.items()):
        if rule.redirect is None:
            continue
        hops, repeated = _followed(rules, _Hop(f"routes[{position}]", rule.redirect.to, position, rule.host), known)
        looping = [hop.rule for hop in hops[repeated:] if hop.rule is not None] if repeated is not None else []
        chain = ", then ".join(f"{hop.url} ({hop.by})" for hop in hops)
        if looping and min(looping) == position:
            message = f"a loop, which no browser leaves: {chain}, and so on; {_ALLOWED}"
        elif len(hops) > MOST_REDIRECTS and position not in too_long:
            too_long.update(hop.rule for hop in hops)
            message = f"browsers give up after {MOST_REDIRECTS} redirects, and this leads to more: {chain}; {_ALLOWED}"
        else:
            continue
        yield Problem(("routes", position, "redirect", "to"), message, rule.redirect.to)


def _followed(rules: RuleSet, first: _Hop, known: dict[Request, _Hop | None]) -> tuple[list[_Hop], int | None]:
    """The redirects from the first one on, and the index of the one from which on they repeat, None where they end.

    `known` is what was found out before: the redirect that answers a request, None for another answer.
    """
    hops = [first]
    seen: dict[Request, int] = {}
    while len(hops) <= MOST_REDIRECTS:
        asked = _asked(rules, hops[-1])
        if asked is None:
            break
        if asked in seen:
            return hops, seen[asked]
        seen[asked] = len(hops)
        if asked not in known:
            known[asked] = _answer(rules, asked)
        found = known[asked]
        if found is None:
            break
        hops.append(found)
    return hops, None


def _asked(rules: RuleSet, hop: _Hop) -> Request | None:
    """What a browser asks for next; None where the rules can't tell who answers that.

    Addresses and other ports are the nodes' or a balancer's. And a host that no rule names can be anybody's: that it
    is served here shows where a rule of a certain host leads there, but not where those for all hosts do, which is
    how requests are sent away from here.
    """
    parts = urlsplit(hop.url)
    host, https = host_name(parts.netloc) or "", parts.scheme.lower() == "https"
    if is_address(host) or parts.port not in (None, 443 if https else 80):
        return None
    responsible = _host_of(rules, host)
    if {host, responsible} & rules.other_hosts or (responsible is None and hop.host is None):
        return None
    # Browsers resolve '.' and '..' themselves.
    path = urlsplit(urljoin("http://any.example", "/" + parts.path.lstrip("/"))).path
    return Request(f"{path}?{parts.query}" if parts.query else path, host, https=https)


def _answer(rules: RuleSet, asked: Request) -> _Hop | None:
    answer = answer_to(rules, asked)
    if not isinstance(answer, Redirected):
        return None
    host = _host_of(rules, asked.host)
    setting = {
        "rule": f"routes[{answer.rule}]",
        "https": f"HTTPS for hosts.{host}",
        "www": f"hosts.{host}.www_redirect",
        "app_root": f"hosts.{host}.app_root",
    }[answer.why]
    scheme = ("https:" if asked.https else "http:") if answer.location.startswith("//") else ""
    return _Hop(setting, scheme + answer.location, answer.rule if answer.why == "rule" else None, host)


def _host_of(rules: RuleSet, host: str) -> str | None:
    """By whose rules or settings a request for a host is answered; None for those of every host."""
    return www_partner_of(rules, host) or responsible_host(rules, host)
