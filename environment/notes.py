"""What a stack's settings allow though it may surprise, where no single component sees it."""

from collections.abc import Iterator

from environment.checks.traffic_checks import backends_of
from environment.settings.model import EnvironmentSettings
from webtier.path_rules import RuleSet


def stack_notes(settings: EnvironmentSettings) -> Iterator[str]:
    """One sentence each, for the preview."""
    rules = RuleSet.of(settings.routes, settings.hosts, settings.default_backend)
    for setting, reference in backends_of(rules):
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
