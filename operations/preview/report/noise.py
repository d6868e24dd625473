"""Fields that change only because others do: they are counted, and shown in the folded whole alone."""

from collections.abc import Mapping

from operations.preview.model.change import Operation, Step
from operations.preview.model.differences import Difference

_ANNOTATIONS = {
    "webtier/sent": "annotations webtier/sent",
    "pulumi.com/waitFor": "annotations pulumi.com/waitFor",
    "pulumi.com/patchFieldManager": "annotations pulumi.com/patchFieldManager",
    "app.kubernetes.io/managed-by": "labels app.kubernetes.io/managed-by",
}
_CONFIG_MAPS = {
    "-agent": "archives of the agent",
    "-dashboard": "dashboards",
    "-alerts": "files of alert rules",
}
_GOAL = "-goal"
"""How the name of the ConfigMap ends that says which Job a Redis Cluster's is."""
_KINDS = {
    "PrometheusRule": "fields of PrometheusRules",
    "ServiceMonitor": "fields of ServiceMonitors",
    "PodMonitor": "fields of PodMonitors",
}


def runs_again(step: Step) -> bool:
    """Whether it is of a Job, of which a change makes another object each time: to replace or to delete one means
    nothing.
    """
    is_goal = step.kind == "ConfigMap" and step.name.endswith(_GOAL) and "RedisCluster$" in step.urn
    return step.kind == "Job" or is_goal


def noise_of(step: Step, difference: Difference) -> str | None:
    """What sort of noise a field is, its noun in the plural and first; None for what somebody has to read."""
    path = difference.path
    last = str(path[-1]) if path else ""
    if last.endswith("checksum"):
        return "checksums"
    if last in _ANNOTATIONS:
        return _ANNOTATIONS[last]
    if runs_again(step) and step.operation is Operation.REPLACE:
        return "fields of Jobs that run again"
    if step.kind in _KINDS and path[:1] == ("spec",):
        return _KINDS[step.kind]
    if step.kind == "ConfigMap" and path[:1] in (("data",), ("binaryData",)):
        return next((noise for end, noise in _CONFIG_MAPS.items() if step.name.endswith(end)), None)
    return None


def counted_noise(counts: Mapping[str, int]) -> str:
    """`1 dashboard, 3 checksums`, in the order of names."""
    return ", ".join(f"{count} {_singular(sort) if count == 1 else sort}" for sort, count in sorted(counts.items()))


def _singular(sort: str) -> str:
    noun, space, rest = sort.partition(" ")
    return f"{noun.removesuffix('s')}{space}{rest}"
