"""What Pulumi waits for, where its own rules would end the wait too early or too late."""

import json
from collections.abc import Mapping

WAIT_FOR = "pulumi.com/waitFor"

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""The annotation with which Pulumi does not wait for an object at all."""


def wait_for_counts(pods: int, *counts: str) -> Mapping[str, str]:
    """The annotation with which Pulumi waits until these counts of a StatefulSet's status are all `pods`.

    Its own rule does not look at `status.observedGeneration`: an update is taken for done while the status is still
    that of before (pulumi-kubernetes 4.25, provider/pkg/await/statefulset.go). What this annotation asks for is only
    looked at once Kubernetes has seen the update.
    """
    return {WAIT_FOR: json.dumps([f"jsonpath={{.status.{count}}}={pods}" for count in counts])}
