"""A look at a stack: its state, read as it is, and the live objects beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from command_line.pulumi_runner import Pulumi
from operations.drift.cluster import kubectl_of
from operations.drift.comparison import DriftedObject, compare
from operations.drift.document import StackDrift, stack_drift
from operations.drift.foreign import Foreign, foreign_objects
from operations.drift.masking import Mask, mask_of
from operations.drift.recorded import read_state
from operations.locks import read_locks, refuse_if_held
from operations.stacks import PROJECT


@dataclass(frozen=True)
class Drifted:
    """What is not as the stack's last update left it. `looked_at` counts its objects that were read or are gone.

    `unreadable` are the kinds that the credential may not read.
    """

    looked_at: int
    objects: tuple[DriftedObject, ...]
    foreign: tuple[Foreign, ...]
    unreadable: tuple[str, ...]
    mask: Mask


def look(stack: str, environment: Mapping[str, str], ignored: tuple[str, ...] = ()) -> Drifted:
    """Compares state and cluster; `environment` says where the engine, the state and a kubeconfig are.

    `ignored` are beginnings of names of field managers whose work does not count. UserError while a deployment is at
    work, for a stack without a state, and where its cluster does not answer.
    """
    everything = {**os.environ, **environment}
    refuse_if_held(read_locks(everything.get("PULUMI_BACKEND_URL", ""), stack), stack)
    exported = Pulumi(PROJECT, environment).run(
        "stack", "export", "--stack", stack, failure=f"The state of the stack '{stack}' can't be read"
    )
    recorded = read_state(exported)
    live = kubectl_of(recorded, everything).read(recorded)
    readable = [
        each
        for each in recorded.objects
        if each.place in live.objects or (each.place.group, each.place.kind) not in live.unreadable
    ]
    compared = (compare(each, live.objects.get(each.place), ignored) for each in readable)
    return Drifted(
        looked_at=len(readable),
        objects=tuple(each for each in compared if each is not None),
        foreign=tuple(foreign_objects(recorded, live.objects, ignored)),
        unreadable=tuple(sorted(kind for _, kind in live.unreadable)),
        mask=mask_of(live.objects.values()),
    )


def drift_of(stack: str, environment: Mapping[str, str], ignored: tuple[str, ...] = ()) -> StackDrift:
    """The same as data for reports."""
    found = look(stack, environment, ignored)
    return stack_drift(stack, found.looked_at, found.objects, found.foreign, found.unreadable, found.mask)
