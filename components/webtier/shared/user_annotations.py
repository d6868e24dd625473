"""Annotations of the user's own on pods, beside those that components set."""

from typing import Annotated

from webtier.shared.model import QualifiedName
from webtier.shared.problems import checked
from webtier.shared.prometheus.objects import scrape_annotations
from webtier.shared.user_labels import is_of_domain

_TAKEN_DOMAINS = ("webtier", "pulumi.com")
_TAKEN_NAMES = frozenset(scrape_annotations(0))


def _taken_problem(key: str) -> str | None:
    if key in _TAKEN_NAMES or is_of_domain(key, _TAKEN_DOMAINS):
        return (
            "webtier or Pulumi sets this one itself; allowed: any other key, such as "
            "'cluster-autoscaler.kubernetes.io/safe-to-evict'"
        )
    return None


PodAnnotations = dict[Annotated[QualifiedName, checked(_taken_problem)], str]
"""For what looks at pods, such as a service mesh, a backup or the cluster autoscaler."""
