"""What Pulumi waits for, where its own rules would end the wait too early or too late.

The provider waits with one watch for all objects of a kind in a namespace, and takes what that watch saw last for the
object that it has just sent (pulumi-kubernetes 4.25, provider/pkg/await). Once another object of the kind is waited
for, the watch is there already, and may still show the object as it was before the update: with its address, its
endpoints or its ready pods. The wait then ends at once, and the old object is recorded in the state as the new one, so
that the change back is taken for no change. By kind:

* Ingress and Service: nothing tells the old object from the new one. With `SKIP_AWAIT` the answer of the API server is
  recorded, which is what was sent.
* Deployment and StatefulSet: their own rules end on the status of before the update, and a Job of the same name on the
  status of the Job before it. What `wait_for` asks for is looked at only once Kubernetes has observed the generation
  that was sent; that the labels and annotations are those that were sent, which raise no generation, is asked for too.
* Everything else is recorded as the API server answers it, or is read anew.
"""

import json
from collections.abc import Mapping, Sequence

from webtier.shared.checksum import checksum

WAIT_FOR = "pulumi.com/waitFor"

SENT = "webtier/sent"
"""Annotation: a checksum of what is sent with an object, by which Pulumi tells it from the object of before."""

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""The annotation with which Pulumi does not wait for an object at all, and records what the API server answers."""


def wait_for(
    conditions: Sequence[str],
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
    content: str = "",
) -> dict[str, str]:
    """The annotations of an object for which Pulumi waits until all `conditions` hold of the object that was sent.

    A condition is a JSONPath into the object, such as `{.status.readyReplicas}=3`, or without a value for one that has
    to be there. `labels` and `annotations` are the object's own; the latter are part of what is returned. `content` is
    anything else that, when it changes, raises no generation, such as a Service's spec.
    """
    own = dict(annotations or {})
    sent = checksum({"labels": json.dumps(sorted(labels.items())), "content": content, **own})[:16]
    paths = [f"{{.metadata.annotations['{SENT}']}}={sent}", *conditions]
    return {**own, SENT: sent, WAIT_FOR: json.dumps([f"jsonpath={path}" for path in paths])}


def counts(pods: int, *names: str) -> list[str]:
    """The conditions that these counts of a status are all `pods`, of which there has to be one at least."""
    return [f"{{.status.{name}}}={pods}" for name in names]


def rolled_out(pods: int | None) -> list[str]:
    """The conditions that a Deployment runs what its spec says, with so many pods and none of before.

    None is for a number that an autoscaler chooses. With 0, which a status leaves out, the rollout alone counts.
    """
    complete = "{.status.conditions[?(@.type=='Progressing')].reason}=NewReplicaSetAvailable"
    return [complete, *(counts(pods, "replicas", "updatedReplicas", "availableReplicas") if pods else ())]
