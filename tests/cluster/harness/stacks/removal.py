"""Removing what a stack is made of without the engine, also what a run that was cut off has left."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from devcluster.plan import LOCAL_VOLUMES
from tests.cluster.harness.tier import Tier, eventually

_FIRST = (
    # Nobody answers the webhook any more, and as long as the policies are there, nobody may delete a shard.
    "validatingwebhookconfigurations",
    "validatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "clusterrolebindings",
    "clusterroles",
)
_LAST = ("persistentvolumes", "storageclasses")
"""Kinds of a stack's objects outside its namespaces. Their names begin with that of one of the namespaces, and with no
longer one that is there.
"""


def remove_stack(tier: Tier, *namespaces: str, ingress_classes: Sequence[str] = (), graceful: bool = False) -> None:
    """All that is in these namespaces or called after them, with the data in its volumes.

    Nobody waits for pods to end well, unless it is `graceful`.
    """
    remove_objects(tier, *_named_after(tier, _FIRST, namespaces), *(f"ingressclass/{name}" for name in ingress_classes))
    if not graceful:
        for namespace in namespaces:
            _remove_pods(tier, namespace)
    options = ("--ignore-not-found", "--timeout=180s")
    tier.kubectl("delete", "namespace", *namespaces, *options, timeout=200)
    remove_objects(tier, *_named_after(tier, _LAST, namespaces))
    for node in tier.cluster.nodes:
        for namespace in namespaces:
            remove_folder(node.var / LOCAL_VOLUMES.removeprefix("/var/") / namespace)


def remove_objects(tier: Tier, *names: str) -> None:
    """Of the whole cluster, by `kind/name`, as far as they are there."""
    if names:
        tier.kubectl("delete", *names, "--ignore-not-found", "--timeout=110s")


def remove_folder(folder: Path) -> None:
    """One that pods may still be leaving."""
    if folder.exists():
        eventually(lambda: shutil.rmtree(folder), 30)


def _named_after(tier: Tier, kinds: Sequence[str], namespaces: Sequence[str]) -> list[str]:
    found = tier.kubectl("get", ",".join(kinds), "-o", "name").split()
    beginnings = tuple(f"{namespace}-" for namespace in namespaces)
    there = (each.partition("/")[2] for each in tier.kubectl("get", "namespaces", "-o", "name").split())
    longer = tuple(f"{name}-" for name in there if name.startswith(beginnings) and name not in namespaces)
    names = {each: each.partition("/")[2] for each in found}
    return [each for each, name in names.items() if name.startswith(beginnings) and not name.startswith(longer)]


def _remove_pods(tier: Tier, namespace: str) -> None:
    def remove_owners() -> None:
        tier.kubectl("delete", "deployments,statefulsets", "--all", "-n", namespace, "--timeout=100s")

    # An API server asks a policy for a moment after it is gone.
    eventually(remove_owners, 60)
    tier.kubectl("delete", "pods", "--all", "--force", "-n", namespace, "--timeout=100s")
