"""Protection: what holds data can't be deleted by a change that forgets it."""

from collections.abc import Iterator, Sequence

from webtier_policies.pods import pod_spec
from webtier_policies.resources import Resource, Violation, at, fields, items

_CLAIMS = ("PersistentVolumeClaim", "PersistentVolume")


def unprotected_data(resources: Sequence[Resource]) -> Iterator[Violation]:
    """Claims, volumes, StatefulSets with volumes that last, and the namespaces that these are in, without `protect`."""
    holding = [each for each in resources if _holds_data(each)]
    namespaces = {each.namespace for each in holding} - {""}
    for each in resources:
        is_holding = each.kind == "Namespace" and each.name in namespaces
        if (is_holding or _holds_data(each)) and not each.is_protected:
            yield Violation(
                each.urn,
                f"The {each.kind} '{each.name}' holds data, and `protect` is not on. Set webtier:protect to true.",
            )


def _holds_data(resource: Resource) -> bool:
    if resource.kind in _CLAIMS:
        return True
    if resource.kind != "StatefulSet":
        return False
    volumes = map(fields, items(pod_spec(resource).get("volumes")))
    return bool(at(resource.inputs, "spec", "volumeClaimTemplates")) or any(
        "persistentVolumeClaim" in volume for volume in volumes
    )
