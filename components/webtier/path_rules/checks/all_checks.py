"""What a set of rules must satisfy as a whole: all that is wrong, at once."""

from collections.abc import Mapping, Sequence

from webtier.path_rules.checks.backends import backend_problems
from webtier.path_rules.checks.hosts import certificate_problems, host_problems
from webtier.path_rules.checks.object_size import size_problems
from webtier.path_rules.checks.options import option_problems
from webtier.path_rules.checks.paths import path_problems
from webtier.path_rules.checks.redirects import redirect_problems
from webtier.path_rules.checks.traffic import canary_problems, shared_service_problems
from webtier.path_rules.gateway.checks import http_route_problems
from webtier.path_rules.rules.model import RuleSet
from webtier.shared.problems import Problem


def check_rules(rules: RuleSet, backends: Mapping[str, Sequence[str]]) -> list[Problem]:
    """All that is wrong with `rules`, given the names of each service's ports, the first being its default.

    With a Gateway also what can't be said in HTTPRoutes, and without one what ingress-nginx would get wrong. A
    service without ports is known, but can't take requests. Places begin with `routes`, `hosts` or `default_backend`. A
    rule that is unusable on its own is one problem, and not the beginning of others.
    """
    return [
        *backend_problems(rules, backends),
        *path_problems(rules),
        *canary_problems(rules),
        *option_problems(rules),
        *host_problems(rules),
        *redirect_problems(rules),
        *(
            (*shared_service_problems(rules, backends), *certificate_problems(rules), *size_problems(rules))
            if rules.gateway is None
            else http_route_problems(rules, rules.gateway)
        ),
    ]
