"""Which image a Redis that keeps its data gets instead of which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from operations.preview.model.change import Change, Step
from operations.preview.model.values import Opaque, Value, value_at

_POD = ("spec", "template", "spec")
_TITLES = {
    "webtier:index:RedisCluster$kubernetes:apps/v1:StatefulSet": "Redis Cluster",
    "webtier:index:RedisStandalone$kubernetes:apps/v1:StatefulSet": "Redis",
}


@dataclass(frozen=True)
class ImageChange:
    """Of one component, by its URN; `title` names it in sentences."""

    urn: str
    title: str
    old: str
    new: str


def image_changes(change: Change) -> Iterator[ImageChange]:
    """All of them, by component, each once: after an update that was cut off, shards may have different images."""
    found: set[tuple[str, str, str, str]] = set()
    for step in change.steps:
        if title := next((title for type_, title in _TITLES.items() if type_ in step.urn), ""):
            old, new = (_image(side) for side in (step.before, step.after))
            if old and new and old != new and _keeps_data(step):
                name = step.parent.rpartition("::")[2]
                found.add((step.parent, f"{title} {name}", old, new))
    yield from (ImageChange(*each) for each in sorted(found))


def _keeps_data(step: Step) -> bool:
    """Whether the new pods find what the old ones have written, in a claim: an empty folder goes with its pod."""
    if value_at(step.after, ("spec", "volumeClaimTemplates")) is not Opaque.ABSENT:
        return True
    match value_at(step.after, (*_POD, "volumes")):
        case [*volumes]:
            claims = (value_at(cast("Value", each), ("persistentVolumeClaim",)) for each in volumes)
            return any(claim is not Opaque.ABSENT for claim in claims)
        case _:
            return False


def _image(stateful_set: Value) -> str:
    """That of the container `redis`; empty where there is none, or it is not known."""
    match value_at(stateful_set, (*_POD, "containers")):
        case [*containers]:
            own = (cast("Value", each) for each in containers)
            images = (value_at(each, ("image",)) for each in own if value_at(each, ("name",)) == "redis")
            return next((image for image in images if isinstance(image, str)), "")
        case _:
            return ""
