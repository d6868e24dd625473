"""Whether all is well beyond what the observer says, and how things are when they are not."""

from contextlib import suppress
from pathlib import Path

import httpx
from redis import exceptions

from tests.faults.chaos.site import Site


def why_not_well(site: Site) -> str | None:
    """A slot that is half moved, or a pod that is not ready; None when there is none."""
    for facts in site.context.nodes():
        view = facts.view
        under_way = sorted({*view.migrating, *view.importing})
        if facts.is_master and under_way:
            return f"slots are half moved at {facts.pod.name}: {under_way[:5]}"
    try:
        pods = site.pods()
    except httpx.HTTPError as error:
        return f"the API server does not answer: {error}"
    for pod in pods:
        if pod.leaving or not pod.ready:
            return f"{pod.name} is {'leaving' if pod.leaving else 'not ready'}"
    wanted = site.context.observer.shape.nodes
    return None if len(pods) == wanted else f"{len(pods)} pods are there, not {wanted}"


def save_state(site: Site, file: Path) -> None:
    """What every node and Kubernetes say, for people."""
    told: list[str] = []
    for pod in site.pods():
        told.append(f"== {pod.name} {pod.ip} on {pod.node}, {'ready' if pod.ready else 'not ready'}")
        for command in (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication")):
            with suppress(exceptions.RedisError, OSError, AssertionError):
                told.append(str(site.context.ask(pod, *command)))
    told.append(site.context.deployment.kubectl("get", "pods,statefulsets,jobs", "-o", "wide"))
    told.append(site.context.deployment.kubectl("get", "events", "--sort-by=.lastTimestamp"))
    file.write_text("\n".join(told))
