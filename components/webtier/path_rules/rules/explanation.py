"""Rules in words: what would match, in which order, and which rule a request hits and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from webtier.path_rules.registry.all_options import HOSTS, RULES
from webtier.path_rules.registry.option import Host
from webtier.path_rules.rules.hosts import wildcard_of
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import RegexRewrite, ServiceRef, StripPrefix
from webtier.path_rules.rules.request import Refused, Request, readable
from webtier.path_rules.rules.semantics import (
    Answer,
    Answered,
    Redirected,
    Served,
    answer_to,
    matches,
    responsible_host,
    www_partner_of,
)


@dataclass(frozen=True)
class Row:
    """One rule, or the default backend, in the order of a host."""

    place: str
    match: str
    path: str
    goes_to: str
    rewrite: str
    options: list[str]


@dataclass(frozen=True)
class HostTable:
    """The rules of one host in the order in which a request is compared with them, and what holds for all of it."""

    host: str
    notes: list[str]
    rows: list[Row]


def tables(rules: RuleSet) -> list[HostTable]:
    """One table for each host with rules, and the last one for all others."""
    return [_table(host, rules) for host in [*rules.host_names[1:], None]]


def _table(host: str | None, rules: RuleSet) -> HostTable:
    rows = [
        _row("default_backend" if position is None else f"routes[{position}]", rule)
        for position, rule in rules.complete(host)
    ]
    name = host or ("every other host" if rules.host_names[1:] else "every host")
    return HostTable(name, list(_host_notes(host, rules)), rows)


def _row(place: str, rule: PathRule) -> Row:
    target = "" if rule.redirect is None else f"{rule.redirect.code} {rule.redirect.to}"
    goes_to = target if rule.backend is None else rule.backend.described
    return Row(place, rule.match, rule.path, goes_to, _rewrite(rule), [said for _, said in _options(rule)])


def _host_notes(host: str | None, rules: RuleSet) -> Iterator[str]:
    if host is None:
        if len(rules.host_names) > 1:
            yield "a host with routes of its own, or whose wildcard has some, never sees these"
        return
    if host.startswith("*."):
        labels = "one label or more" if rules.deep_wildcards else "any one label"
        yield f"{labels} before {host[1:]}; a name with routes of its own never sees these"
    elif wildcard_of(host) in rules.host_names:
        yield f"the routes of {wildcard_of(host)} are not seen: this name has its own"
    settings = rules.settings(host)
    for each in HOSTS.given(settings):
        # Whether HTTP is sent to HTTPS depends on the certificate too.
        value = settings.redirects_to_https if each.place == ("tls_redirect",) else each.value
        said = each.option.words(value, Host(host, settings)) if value and callable(each.option.words) else None
        if said is not None:
            yield said


def _rewrite(rule: PathRule) -> str:
    match rule.rewrite:
        case None:
            return ""
        case StripPrefix():
            return f"without {rule.path}"
        case RegexRewrite(to=to):
            return to
        case other:
            return f"{other.replacement} for {rule.path}"


def _options(rule: PathRule) -> Iterator[tuple[str, str]]:
    """What is said of the options of a rule, by their names."""
    for each in RULES.given(rule):
        said = each.option.words(each.value, rule) if each.is_set and callable(each.option.words) else None
        if said is not None:
            yield str(each.place[0]), said


def explain(rules: RuleSet, request: Request) -> Iterator[tuple[str, str]]:
    """How the answer to a request comes about, for rules that `check_rules` found nothing wrong with.

    Pairs of a short label (`host`, `no`, `hit`, `answer`, …) and a sentence, in the order of events.
    """
    answer = answer_to(rules, request)
    if isinstance(answer, Refused):
        yield "path", f"{readable(request.target)}, as it is sent"
        yield "answer", _answer(answer, request)
        return
    partner = www_partner_of(rules, request.name)
    if partner is not None:
        yield "host", f"{readable(request.name)} has no routes; hosts.{partner}.www_redirect sends it to {partner}"
        yield "answer", _answer(answer, request)
        return
    host = responsible_host(rules, request.name)
    yield "host", _host_reason(host, request.name, rules)
    if isinstance(answer, Redirected) and answer.why == "app_root":
        yield (
            "answer",
            f"{_answer(answer, request)}: hosts.{host}.app_root sends '/' there before any rule is looked at",
        )
        return
    yield "path", f"{readable(request.path)}, decoded and with single slashes"
    hit = None
    for position, rule in rules.ordered(host):
        line = f"routes[{position}]  {rule.match} {rule.path}"
        if matches(rule, request.path):
            hit = position
            yield "hit", f"{line}: {_hit_reason(rule, request.path)}"
            break
        yield "no", f"{line}: {_miss_reason(rule, request.path)}"
    if hit is None:
        yield "hit", "default_backend: no route of this host is for the path"
    elif isinstance(answer, Redirected) and answer.why == "https":
        setting = "tls" if rules.settings(host).tls is not None else "tls_redirect"
        yield "https", f"hosts.{host}.{setting} is set, so that HTTP is sent to HTTPS"
    yield "answer", _answer(answer, request)
    if isinstance(answer, Served) and answer.canary is not None:
        yield "canary", _canary_sentence(answer.canary, answer.canary_share)
    if isinstance(answer, Served) and hit is not None:
        for option, said in _options(rules.rules[hit]):
            if option != "canary":
                yield "also", said


def _host_reason(host: str | None, asked: str, rules: RuleSet) -> str:
    if host is None:
        asked = readable(asked)
        if not rules.host_names[1:]:
            return f"'{asked}', as every other one: no route is for certain hosts"
        return f"'{asked}' has no routes of its own, so that those without a host are looked at"
    if host != asked:
        return f"'{asked}' has no routes of its own, but {host} has; those without a host are not looked at"
    others = " and of its wildcard" if wildcard_of(asked) in rules.host_names else ""
    return f"'{asked}' has routes of its own; those without a host{others} are not looked at"


def _hit_reason(rule: PathRule, path: str) -> str:
    match rule.match:
        case "exact":
            return "the same path"
        case "regex":
            return "the regex describes the whole path"
        case "prefix":
            return "the same path" if path == rule.path else "the path is below it"


def _miss_reason(rule: PathRule, path: str) -> str:
    match rule.match:
        case "exact":
            below = path.startswith(rule.path.rstrip("/") + "/")
            reason = "the path is below it, and an exact rule is for itself alone" if below else "another path"
            differs = rule.path.lower() == path.lower()
        case "regex":
            return "the regex does not describe the whole path"
        case "prefix":
            longer = path.startswith(rule.path)
            reason = "the path goes on without a '/', so that it is another name" if longer else "not below it"
            differs = matches(rule.model_copy(update={"path": rule.path.lower()}), path.lower())
    return "upper and lower case differ" if differs else reason


def _answer(answer: Answer, request: Request) -> str:
    match answer:
        case Refused():
            return f"{answer.code} without a look at any rule: {readable(answer.why)}"
        case Redirected():
            scheme = ("https:" if request.https else "http:") if answer.location.startswith("//") else ""
            return f"{answer.code} to {scheme}{readable(answer.location)}"
        case Answered(code=204):
            return "204 with the CORS headers: the controller answers preflight requests itself"
        case Answered():
            return "403: the client's address is not let in"
        case Served():
            default = " (default_backend)" if answer.rule is None else ""
            text = f"{answer.backend.described}{default} is asked for {readable(answer.path)}"
            if answer.forwarded_prefix is not None:
                text += f", with X-Forwarded-Prefix: {answer.forwarded_prefix}"
            return text


def _canary_sentence(canary: ServiceRef, share: Fraction) -> str:
    name = canary.described
    if share == 0:
        return f"{name} gets none of such requests"
    if share == 1:
        return f"{name} gets all of such requests instead"
    return f"{name} gets {share.numerator} of {share.denominator} such requests instead"
