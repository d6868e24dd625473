"""Objects as a state and a cluster have them, with the managers of their fields."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from operations.drift.comparison import DriftedObject, compare
from operations.drift.recorded import Recorded, read_state
from operations.preview.model.paths import format_path

OWN = "webtier-dev"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:of-something"}


def entry(
    manager: str, fields: Mapping[str, Any], operation: str = "Update", subresource: str = "", time: str = "T1"
) -> dict[str, Any]:
    """One of `managedFields`."""
    found = {"manager": manager, "operation": operation, "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**found, "subresource": subresource} if subresource else found


def owned(*names: str) -> dict[str, Any]:
    """The fields of these paths, as Kubernetes writes them: `spec replicas` is `{"f:spec": {"f:replicas": {}}}`."""
    top: dict[str, Any] = {}
    for name in names:
        below = top
        for part in name.split():
            below = below.setdefault(part if part.startswith(("k:", "v:", ".")) else f"f:{part}", {})
    return top


def made(kind: str, own: Mapping[str, Any], fields: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """An object as it is after an update that has set `fields`."""
    api = "apps/v1" if kind in ("Deployment", "StatefulSet") else "v1"
    meta = {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "1", "creationTimestamp": "T0"}
    managed = [entry(OWN, fields, "Apply", time="T0")]
    return {"apiVersion": api, "kind": kind, "metadata": {**meta, "managedFields": managed, **metadata}, **own}


def resource(outputs: Mapping[str, Any], inputs: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A resource of a state."""
    kind, name = outputs["kind"], outputs["metadata"]["name"]
    api = outputs["apiVersion"] if "/" in outputs["apiVersion"] else f"core/{outputs['apiVersion']}"
    kept = {**outputs, "__fieldManager": OWN, "__inputs": inputs}
    if kind == "Secret":
        kept["data"] = SECRET
    return {
        "urn": f"urn:pulumi:dev::webtier::kubernetes:{api}:{kind}::{name}",
        "type": f"kubernetes:{api}:{kind}",
        "custom": True,
        "id": f"shop/{name}",
        "inputs": {**inputs, "data": SECRET} if kind == "Secret" else inputs,
        "outputs": kept,
        **more,
    }


def exported(*resources: Mapping[str, Any]) -> str:
    """What `pulumi stack export` prints."""
    return json.dumps({"version": 3, "deployment": {"resources": resources}})


def recorded(outputs: Mapping[str, Any], inputs: Mapping[str, Any], **more: Any) -> Recorded:
    """The one object of a state."""
    [found] = read_state(exported(resource(outputs, inputs, **more))).objects
    return found


class Pair:
    """An object of the state and the live one, which is the same until a test changes `live`."""

    def __init__(self, kind: str, own: Mapping[str, Any], *fields: str, **metadata: Any) -> None:
        self.before = made(kind, own, owned(*fields), **metadata)
        self.live = copy.deepcopy(self.before)
        self.inputs: dict[str, Any] = {}
        self.more: dict[str, Any] = {}

    def touch(self, manager: str, *fields: str, **more: Any) -> None:
        """Let a manager own fields, and no other."""
        managed: list[dict[str, Any]] = self.live["metadata"]["managedFields"]
        for each in managed:
            each["fieldsV1"] = _without(each["fieldsV1"], owned(*fields))
        managed.append(entry(manager, owned(*fields), **more))

    def compared(self, ignored: tuple[str, ...] = ()) -> DriftedObject | None:
        return compare(recorded(self.before, self.inputs, **self.more), self.live, ignored)

    def told(self, ignored: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
        """Of each drifted field who, and the consequence."""
        found = self.compared(ignored)
        return {
            format_path(each.difference.path): (",".join(who.name for who in each.managers), str(each.consequence))
            for each in (found.fields if found else ())
        }


def _without(fields: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without(below, taken[name]) if taken.get(name) else below
        for name, below in fields.items()
        if taken.get(name) != {}
    }


def deployment() -> Pair:
    """One with two replicas, of which the program has set these, the image, a label and an environment variable."""
    container = {"name": "web", "image": "shop:1", "env": [{"name": "MODE", "value": "fast"}], "terminationPolicy": "x"}
    pods = {"spec": {"containers": [container], "restartPolicy": "Always"}}
    item = 'spec template spec containers k:{"name":"web"}'
    variable = f'{item} env k:{{"name":"MODE"}}'
    return Pair(
        "Deployment",
        {"spec": {"replicas": 2, "template": pods, "revisionHistoryLimit": 10}, "status": {"replicas": 2}},
        "spec replicas",
        *(f"{item} {name}" for name in (".", "image", "name")),
        *(f"{variable} {name}" for name in (".", "name", "value")),
        "metadata labels app",
        labels={"app": "web"},
    )


def container_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """The first one."""
    return live["spec"]["template"]["spec"]["containers"][0]
