"""Labels of the user's own: on all objects of a component, in none of its selectors."""

from collections.abc import Collection
from typing import Annotated

from webtier.shared.model import LabelValue, QualifiedName
from webtier.shared.problems import checked

_TAKEN_NAMES = ("app", "pod-template-hash", "controller-revision-hash")
_TAKEN_DOMAINS = ("kubernetes.io", "k8s.io", "pulumi.com")


def is_of_domain(key: str, domains: Collection[str]) -> bool:
    """Whether a qualified name's domain is one of these, or below one."""
    domain = key.rpartition("/")[0]
    return any(domain == each or domain.endswith(f".{each}") for each in domains)


def _taken_problem(key: str) -> str | None:
    if key in _TAKEN_NAMES or is_of_domain(key, _TAKEN_DOMAINS):
        return (
            "webtier, Kubernetes and Pulumi set this one themselves, and selectors depend on it; allowed: a key of "
            "your own, such as 'team' or 'example.com/team'"
        )
    return None


UserLabelKey = Annotated[QualifiedName, checked(_taken_problem)]

UserLabels = dict[UserLabelKey, LabelValue]
"""None of the recommended labels, nor any that a selector has, can be among them."""
