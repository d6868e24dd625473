"""Resources: what a pod may take from its node, and what the scheduler keeps for it."""

from collections.abc import Iterator

from webtier_policies.pods import containers
from webtier_policies.resources import Resource, at


def missing_limits(resource: Resource) -> Iterator[str]:
    """Containers without a limit of memory, or without a request of processor time.

    No limit of processor time is asked for: it slows down what could run, and protects nobody who has a request.
    """
    for name, container in containers(resource):
        if not at(container, "resources", "limits", "memory"):
            yield f"{name} has no memory limit: it can take all of its node's. Set resources.limits.memory."
        # Kubernetes takes a limit for a request where there is none.
        if not (at(container, "resources", "requests", "cpu") or at(container, "resources", "limits", "cpu")):
            yield f"{name} has no cpu request: nothing is kept for it on a busy node. Set resources.requests.cpu."
