"""What the running stack's own state had before this run: which cluster it is of, and which namespaces it has made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

IDENTITY = "identity"
"""Name of the resource that keeps what `Identity` says."""

_STASH = "pulumi:index:Stash"
_NAMESPACE = "kubernetes:core/v1:Namespace"


@dataclass(frozen=True)
class Identity:
    """`cluster` is the UID of the cluster's namespace `kube-system`, `stack` what tells this stack from all others."""

    cluster: str
    stack: str


@dataclass(frozen=True)
class RecordedNamespace:
    """A namespace in the state. `uid` is that of the object; one that was only adopted was given no labels."""

    uid: str
    is_made: bool


@dataclass(frozen=True)
class OwnState:
    """`identity` is None before the first update that keeps one; `objects` counts those that are in a cluster."""

    identity: Identity | None = None
    namespaces: Mapping[str, RecordedNamespace] = field(default_factory=dict[str, RecordedNamespace])
    objects: int = 0


def read_own_state() -> OwnState:
    """Asks the engine, as a reference to another stack does. An empty state where there was no update yet."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    asked = struct_pb2.Struct()
    asked.update({"stackName": name})
    request = resource_pb2.ResourceInvokeRequest(
        tok="pulumi:pulumi:readStackResourceOutputs", args=asked, acceptResources=True
    )
    # Not `pulumi.runtime.invoke`: it would turn all of a large state into Python's values, for a few texts.
    monitor: Any = get_monitor()
    answer = monitor.Invoke(request)
    return parse_own_state(getattr(answer, "return"))


def parse_own_state(answer: struct_pb2.Struct) -> OwnState:
    """From the engine's answer: `outputs` has each resource's URN with its `type` and `outputs`."""
    identity: Identity | None = None
    namespaces: dict[str, RecordedNamespace] = {}
    objects = 0
    for urn, resource in answer.fields["outputs"].struct_value.fields.items():
        kind = resource.struct_value.fields["type"].string_value
        outputs = resource.struct_value.fields["outputs"].struct_value.fields
        objects += kind.startswith("kubernetes:")
        if kind == _STASH and urn.endswith(f"::{IDENTITY}"):
            kept = MessageToDict(outputs["input"].struct_value)
            identity = Identity(str(kept.get("cluster", "")), str(kept.get("stack", "")))
        elif kind == _NAMESPACE:
            metadata = outputs["metadata"].struct_value.fields
            given = outputs["__inputs"].struct_value.fields["metadata"].struct_value.fields
            namespaces[metadata["name"].string_value] = RecordedNamespace(
                metadata["uid"].string_value, is_made="labels" in given
            )
    return OwnState(identity, namespaces, objects)
