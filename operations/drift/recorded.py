"""The objects of a stack as its state has them: what they were after the last update, and what the program had set."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from operations.drift.ownership import read_ownership
from operations.preview.model.paths import Path, parse_path
from operations.preview.model.values import Value, read_value, value_at

_FORCE = ("metadata", "annotations", "pulumi.com/patchForce")
_SUFFIXES = ("Patch", "List")
"""Of kinds that are no objects of their own."""


@dataclass(frozen=True)
class Place:
    """Where an object is: `group` is empty for the core's, `namespace` for what is the cluster's."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True)
class Recorded:
    """One object of the state. `values` is all of it as it was, `inputs` what the program had asked for.

    `was_set` are the fields that it had set by Kubernetes' own account, `ignored` those whose changes the program
    ignores. `is_forced` says that it overrides other managers. `manager` is the name that it is applied as.
    """

    urn: str
    place: Place
    version: str
    values: Value
    inputs: Value
    uid: str
    manager: str
    was_set: frozenset[Path]
    ignored: tuple[Path, ...]
    is_forced: bool
    is_temporary: bool
    """Whether Kubernetes deletes it by itself: a Job with `ttlSecondsAfterFinished`."""


@dataclass(frozen=True)
class RecordedStack:
    """All of a stack. `cluster` is the UID of its cluster's namespace `kube-system`, empty if the state has none.

    `own_namespaces` are those that it has made, and `namespaces` all that it has objects in. `context` and `kubeconfig`
    are what it was deployed with; a kubeconfig is one of the machine that deployed it.
    """

    objects: tuple[Recorded, ...]
    cluster: str
    context: str
    kubeconfig: str
    own_namespaces: frozenset[str]

    @property
    def namespaces(self) -> list[str]:
        """By name."""
        return sorted({each.place.namespace for each in self.objects if each.place.namespace} | self.own_namespaces)


def read_state(exported: str) -> RecordedStack:
    """From what `pulumi stack export` prints, with secrets encrypted. A stack never deployed has no objects."""
    resources: list[dict[str, Any]] = json.loads(exported)["deployment"].get("resources") or []
    present = [each for each in resources if not each.get("delete") and not each.get("external")]
    objects = tuple(sorted(_objects(present), key=lambda each: (each.place.kind, str(each.place), each.urn)))
    providers = [each for each in present if each["type"] == "pulumi:providers:kubernetes"]
    provider: dict[str, Any] = providers[0]["inputs"] if providers else {}
    made = {
        each.place.name
        for each in objects
        # One that is only adopted is given no labels.
        if each.place.kind == "Namespace" and isinstance(value_at(each.inputs, ("metadata", "labels")), Mapping)
    }
    return RecordedStack(
        objects, _cluster(present), _text(provider.get("context")), _text(provider.get("kubeconfig")), frozenset(made)
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _cluster(resources: list[dict[str, Any]]) -> str:
    for each in resources:
        if each["type"] == "pulumi:index:Stash" and each["urn"].endswith("::identity"):
            return _text(each["inputs"].get("input", {}).get("cluster"))
    return ""


def _objects(resources: list[dict[str, Any]]) -> Iterator[Recorded]:
    for each in resources:
        outputs: dict[str, Any] = each.get("outputs") or {}
        kind = _text(outputs.get("kind"))
        if each["type"].startswith("kubernetes:") and kind and not kind.endswith(_SUFFIXES):
            yield _recorded(each, outputs, kind)


def _recorded(resource: Mapping[str, Any], outputs: Mapping[str, Any], kind: str) -> Recorded:
    metadata: Mapping[str, Any] = outputs.get("metadata", {})
    group, _, version = _text(outputs.get("apiVersion")).rpartition("/")
    own = {name: value for name, value in outputs.items() if not name.startswith("__")}
    values, inputs = read_value(own), read_value(resource.get("inputs") or {})
    manager = _text(outputs.get("__fieldManager"))
    owners = read_ownership(own).fields.items()
    return Recorded(
        urn=resource["urn"],
        place=Place(group, kind, _text(metadata.get("namespace")), _text(metadata.get("name"))),
        version=version,
        values=values,
        inputs=inputs,
        uid=_text(metadata.get("uid")),
        manager=manager,
        was_set=frozenset(path for who, paths in owners if who.is_own(manager) for path in paths),
        ignored=tuple(parse_path(text) for text in resource.get("ignoreChanges") or ()),
        is_forced=value_at(inputs, _FORCE) == "true",
        is_temporary=isinstance(cast("Any", value_at(values, ("spec", "ttlSecondsAfterFinished"))), int),
    )
