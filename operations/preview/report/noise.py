"""Fields that change only because others do: they are counted, and shown in the folded whole alone."""

from operations.preview.model.change import Operation, Step
from operations.preview.model.differences import Difference

_ANNOTATIONS = {
    "webtier/sent": "marks of what was sent",
    "pulumi.com/waitFor": "marks of what was sent",
    "pulumi.com/patchFieldManager": "marks of what was sent",
    "app.kubernetes.io/managed-by": "managed labels",
}
_CONFIG_MAPS = {
    "-agent": "the agent's archive",
    "-dashboard": "dashboards",
    "-alerts": "alert rules",
}
_KINDS = {"PrometheusRule": "alert rules", "ServiceMonitor": "scraping", "PodMonitor": "scraping"}


def noise_of(step: Step, difference: Difference) -> str | None:
    """What sort of noise a field is, in words; None for what somebody has to read."""
    path = difference.path
    last = str(path[-1]) if path else ""
    if last.endswith("checksum"):
        return "checksums"
    if last in _ANNOTATIONS:
        return _ANNOTATIONS[last]
    if step.kind == "Job" and step.operation is Operation.REPLACE:
        return "fields of Jobs that run again"
    if step.kind in _KINDS and path[:1] == ("spec",):
        return _KINDS[step.kind]
    if step.kind == "ConfigMap" and path[:1] in (("data",), ("binaryData",)):
        return next((noise for end, noise in _CONFIG_MAPS.items() if step.name.endswith(end)), None)
    return None
