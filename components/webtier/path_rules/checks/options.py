"""Whether the options of a rule go together."""

import ipaddress
from collections.abc import Iterator

from webtier.path_rules.registry.all_options import RULES
from webtier.path_rules.rules.model import PathRule, RuleSet
from webtier.path_rules.rules.options import AccessLists, CorsSettings, ErrorPages, ExternalAuth, LimitSettings
from webtier.shared.problems import Place, Problem


def option_problems(rules: RuleSet) -> Iterator[Problem]:
    """Options that contradict each other, within a rule."""
    for position, rule in rules.rules.items():
        place: Place = ("routes", position)
        yield from _beside_a_redirect(place, rule)
        if rule.cors is not None:
            yield from _cors_problems((*place, "cors"), rule.cors)
        if rule.error_pages is not None:
            yield from _error_page_problems((*place, "error_pages"), rule, rule.error_pages)
        if rule.limits is not None:
            yield from _limit_problems((*place, "limits"), rule.limits)
        if rule.access is not None:
            yield from _access_problems((*place, "access"), rule.access)
        if rule.affinity is not None and rule.affinity.samesite == "None" and not rule.affinity.secure:
            message = "browsers drop a cookie with samesite None that is not secure; allowed: true"
            yield Problem((*place, "affinity", "secure"), message, rule.affinity.secure)


def _beside_a_redirect(place: Place, rule: PathRule) -> Iterator[Problem]:
    if rule.redirect is None:
        return
    for each in RULES.given(rule, place):
        if each.option.beside_redirect == "refused" and each.is_set:
            message = (
                "a redirect is the whole answer, and comes before all else that is asked or done; allowed: a "
                f"'redirect' without '{each.place[-1]}', or the other way round"
            )
            yield Problem(each.place, message, has_value=False)


def _cors_problems(place: Place, cors: CorsSettings) -> Iterator[Problem]:
    if "*" not in cors.origins:
        return
    if len(cors.origins) > 1:
        message = "'*' means all origins, the others too; allowed: '*' alone, or origins without it"
        yield Problem((*place, "origins", cors.origins.index("*")), message, "*")
    if cors.credentials:
        message = "browsers refuse credentials from the origin '*'; allowed: false, or the origins by name"
        yield Problem((*place, "credentials"), message, cors.credentials)


def _error_page_problems(place: Place, rule: PathRule, pages: ErrorPages) -> Iterator[Problem]:
    for number, code in enumerate(pages.codes):
        first = pages.codes.index(code)
        if first < number:
            message = f"codes[{first}] is the same; allowed: each status once"
            yield Problem((*place, "codes", number), message, code)
    if rule.canary is not None:
        message = (
            "the controller would send a part of the errors to the canary; allowed: 'error_pages' or 'canary', not both"
        )
        yield Problem(place, message, has_value=False)
    if rule.affinity is not None and rule.affinity.mode == "persistent":
        message = (
            "every error would move the client to another pod, since the web service of the error pages gets the same "
            "cookie; allowed: affinity with the mode 'balanced', or no 'error_pages'"
        )
        yield Problem((*place[:-1], "affinity", "mode"), message, rule.affinity.mode)
    if 401 in pages.codes and isinstance(rule.auth, ExternalAuth) and rule.auth.sign_in_url is not None:
        message = "a 401 already leads to auth.sign_in_url; allowed: codes without 401, or no sign_in_url"
        yield Problem((*place, "codes", pages.codes.index(401)), message, 401)


def _limit_problems(place: Place, limits: LimitSettings) -> Iterator[Problem]:
    if limits.rps is None and limits.rpm is None and limits.connections is None:
        message = "nothing is limited; allowed: at least one of 'rps', 'rpm' and 'connections', or no 'limits'"
        yield Problem(place, message, has_value=False)
    elif limits.rps is not None and limits.rpm is not None and limits.rps * 60 <= limits.rpm:
        message = (
            f"{limits.rps} a second are never more than {limits.rps * 60} a minute, so that it limits nothing; "
            f"allowed: less than {limits.rps * 60}, or no 'rpm'"
        )
        yield Problem((*place, "rpm"), message, limits.rpm)


def _access_problems(place: Place, access: AccessLists) -> Iterator[Problem]:
    if not access.allow and not access.deny:
        message = "both lists are empty; allowed: addresses or networks in 'allow' or 'deny', or no 'access'"
        yield Problem(place, message, has_value=False)
    denied = [ipaddress.ip_network(network) for network in access.deny]
    for number, text in enumerate(access.allow):
        network = ipaddress.ip_network(text)
        for position, other in enumerate(denied):
            if network[0] in other and network[-1] in other:
                message = (
                    f"all of it is in deny[{position}] ({access.deny[position]}), which comes first, so that no "
                    "client there would be let in; allowed: a network that is not denied as a whole"
                )
                yield Problem((*place, "allow", number), message, text)
                break
