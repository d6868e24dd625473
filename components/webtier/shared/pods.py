"""What pods of several components have: volumes, spreading, and a disruption budget."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    KeyToPathArgs,
    ObjectFieldSelectorArgs,
    SecretVolumeSourceArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from webtier.shared.children import Children

HOST_TOPOLOGY = "kubernetes.io/hostname"
ZONE_TOPOLOGY = "topology.kubernetes.io/zone"

# Readable by the pod's group, which is all that its containers run as.
_SECRET_MODE = 0o440


def secret_volume(name: str, secret: pulumi.Input[str], keys: Sequence[str] | None = None) -> VolumeArgs:
    """The Secret's keys, or the named ones of them, as files."""
    items = None if keys is None else [KeyToPathArgs(key=key, path=key) for key in keys]
    source = SecretVolumeSourceArgs(secret_name=secret, default_mode=_SECRET_MODE, items=items)
    return VolumeArgs(name=name, secret=source)


def config_volume(name: str, config_map: pulumi.Input[str], *, optional: bool | None = None) -> VolumeArgs:
    """The ConfigMap's keys as files; `optional` for one that may be missing."""
    return VolumeArgs(name=name, config_map=ConfigMapVolumeSourceArgs(name=config_map, optional=optional))


def pod_field(variable: str, path: str) -> EnvVarArgs:
    """An environment variable with what the pod's own object has at a path."""
    source = EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=path))
    return EnvVarArgs(name=variable, value_from=source)


def spread(
    topology: str, selector: Mapping[str, str], *, required: bool = False, by_revision: bool = True
) -> TopologySpreadConstraintArgs:
    """Spreads the pods evenly; with `by_revision` those of each revision of a Deployment by themselves.

    Else the pods of the outgoing revision push the new ones onto few nodes.
    """
    return TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=topology,
        when_unsatisfiable="DoNotSchedule" if required else "ScheduleAnyway",
        label_selector=LabelSelectorArgs(match_labels=selector),
        match_label_keys=["pod-template-hash"] if by_revision else None,
    )


def make_disruption_budget(
    name: str,
    children: Children,
    selector: Mapping[str, str],
    *,
    max_unavailable: int | str | None = None,
    min_available: int | str | None = None,
) -> PodDisruptionBudget:
    """How many of the selected pods an eviction has to leave. A pod that is not ready, and so serves nobody, never
    blocks the drain of its node, however many others are missing.
    """
    return PodDisruptionBudget(
        name,
        metadata=children.metadata(name),
        spec=PodDisruptionBudgetSpecArgs(
            max_unavailable=max_unavailable,
            min_available=min_available,
            selector=LabelSelectorArgs(match_labels=selector),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
        opts=children.options(),
    )
