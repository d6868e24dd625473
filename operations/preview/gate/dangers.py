"""What in a change may lose data or its protection. It is told from the steps alone, so that no setting hides it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from operations.preview.model.change import Change, Operation, Severity, Step
from operations.preview.model.paths import format_path
from operations.preview.model.redis_clusters import clusters
from operations.preview.model.redis_images import image_changes
from webtier.redis_common.data_formats import readers, unreadable

HOLDING_DATA = frozenset({"StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "Namespace", "Secret"})
"""Kinds of objects that data goes with: their own, or that of all that is in them."""

ENGINES_OWN = "preview failed"
"""What the engine says besides where anything else is an error, or a policy refuses the change."""
LOSES_PROTECTION = "loses its protection from deletion."


class DangerKind(StrEnum):
    """What is dangerous about it. An allowance names it, so that it allows nothing else."""

    DELETED = "deleted"
    REPLACED = "replaced"
    UNPROTECTED = "unprotected"
    ORPHANED = "orphaned"
    FEWER_SHARDS = "fewer shards"
    DIVIDED = "divided"
    """Nodes of a Redis Cluster do not understand each other while it happens."""
    UNREADABLE = "unreadable data"
    """A Redis gets a server that can't read what is on its volumes."""
    INCOMPLETE = "incomplete"
    REFUSED = "refused by a policy"
    ALLOWANCE = "allowance"
    """Something is allowed that does not happen, and would be allowed to the next change."""


@dataclass(frozen=True)
class Danger:
    """One of them: `what` is a sentence about it; `urn` is empty where it is of the whole change.

    `allowance` says why and by whom it is allowed; empty where it is not.
    """

    kind: DangerKind
    urn: str
    what: str
    allowance: str = ""

    def allowed_by(self, allowance: str) -> "Danger":
        """The same, allowed."""
        return replace(self, allowance=allowance)

    def with_word(self, sentence: str) -> "Danger":
        """The same with one more sentence."""
        return replace(self, what=f"{self.what} {sentence}")


def dangers(change: Change) -> Iterator[Danger]:
    """All of them, in the order of the steps; first that the change is not known whole.

    A resource whose protection goes in the change that deletes it is both.
    """
    if not change.complete:
        yield Danger(DangerKind.INCOMPLETE, "", "The engine did not come to its end: there may be more than is listed.")
    elif not change.succeeded and not _is_refused_alone(change):
        yield Danger(DangerKind.INCOMPLETE, "", "The preview failed: what `pulumi up` would do is not known.")
    for policy in change.policies:
        if policy.mandatory:
            yield Danger(DangerKind.REFUSED, policy.urn, f"{policy.policy}: {' '.join(policy.message.split())}")
    for step in change.steps:
        yield from _of_step(step)
    for cluster in clusters(change):
        if cluster.new_shards < cluster.old_shards:
            what = f"Redis Cluster {cluster.name} has {cluster.new_shards} shards instead of {cluster.old_shards}."
            if cluster.new_shards == 0:
                what = f"Redis Cluster {cluster.name} is deleted, with the data of its {cluster.old_shards} shards."
            yield Danger(DangerKind.FEWER_SHARDS, cluster.urn, what)
        if cluster.switches_tls:
            what = (
                f"Redis Cluster {cluster.name} switches TLS: nodes with it and without it do not understand each "
                "other, so nobody is served until all have restarted, and it may not get there by itself."
            )
            yield Danger(DangerKind.DIVIDED, cluster.urn, what)
    yield from _of_images(change)


def _is_refused_alone(change: Change) -> bool:
    """Whether a preview failed for nothing but its policies: then all that it would do is known."""
    errors = (each.message for each in change.diagnostics if each.severity is Severity.ERROR)
    return any(each.mandatory for each in change.policies) and all(each == ENGINES_OWN for each in errors)


def _of_images(change: Change) -> Iterator[Danger]:
    for each in image_changes(change):
        if reason := unreadable(each.old, each.new):
            able = " or ".join(readers(each.old))
            instead = f"What it has is read by {able}" if able else "Keep the image that has written it"
            what = (
                f"{each.title} gets {each.new} instead of {each.old}: {reason}. A pod that can't read its data does "
                f"not start. {instead}; to go back, begin anew with a copy of the data from before."
            )
            yield Danger(DangerKind.UNREADABLE, each.urn, what)


def _of_step(step: Step) -> Iterator[Danger]:
    name = f"{step.kind} {step.place or step.name}"
    if step.kind in HOLDING_DATA:
        if step.operation is Operation.REPLACE:
            forced = ", ".join(map(format_path, step.forced_by)) or "a changed name"
            order = "the old one goes first" if step.deletes_first else "the new one comes first"
            yield Danger(DangerKind.REPLACED, step.urn, f"{name} is replaced because of {forced}; {order}.")
        elif step.operation is Operation.DELETE and not step.is_retained:
            yield Danger(DangerKind.DELETED, step.urn, f"{name} is deleted.")
    if step.operation is Operation.DISCARD or (step.operation is Operation.DELETE and step.is_retained):
        yield Danger(DangerKind.ORPHANED, step.urn, f"{name} stays in the cluster, and the stack no longer manages it.")
    if step.loses_protection:
        yield Danger(DangerKind.UNPROTECTED, step.urn, f"{name} {LOSES_PROTECTION}")
