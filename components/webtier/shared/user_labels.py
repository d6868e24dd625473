"""Labels of the user's own: on all objects of a component, in none of its selectors."""

from typing import Annotated

from webtier.shared.model import LabelValue, QualifiedName
from webtier.shared.problems import checked

_TAKEN_NAMES = ("app", "pod-template-hash", "controller-revision-hash")
_TAKEN_DOMAINS = ("kubernetes.io", "k8s.io", "pulumi.com")


def _taken_problem(key: str) -> str | None:
    domain = key.rpartition("/")[0]
    if key in _TAKEN_NAMES or any(domain == taken or domain.endswith(f".{taken}") for taken in _TAKEN_DOMAINS):
        return (
            "webtier, Kubernetes and Pulumi set this one themselves, and selectors depend on it; allowed: a key of "
            "your own, such as 'team' or 'example.com/team'"
        )
    return None


UserLabelKey = Annotated[QualifiedName, checked(_taken_problem)]

UserLabels = dict[UserLabelKey, LabelValue]
"""None of the recommended labels, nor any that a selector has, can be among them."""
