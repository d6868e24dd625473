"""On which nodes pods run, before whom, and with which Secrets their images are pulled: plain data."""

from collections.abc import Sequence
from typing import Literal

from pulumi_kubernetes.core.v1 import LocalObjectReferenceArgs, PodSpecArgs, TolerationArgs
from pydantic import Field, model_validator

from webtier.shared.model import DnsName, LabelValue, QualifiedName, Settings
from webtier.shared.problems import wrong_setting


class Toleration(Settings):
    """A taint of nodes that the pods put up with."""

    key: QualifiedName | None = Field(default=None, description="The taint's key; null for every one.")
    operator: Literal["Equal", "Exists"] = Field(
        default="Equal", description="Whether the taint's value has to be `value`, or may be any."
    )
    value: LabelValue = Field(default="", description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="The taint's effect; null for every one."
    )
    toleration_seconds: int | None = Field(
        default=None, ge=0, description="With `NoExecute`, for so long; null for ever."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> "Toleration":
        if self.operator == "Exists" and self.value:
            raise wrong_setting(
                ("value",), "the operator is Exists, for which every value is right; allowed: no value", self.value
            )
        if self.key is None and self.operator != "Exists":
            raise wrong_setting(
                ("key",), "without a key every taint is meant; allowed: a key, or the operator Exists", self.key
            )
        if self.toleration_seconds is not None and self.effect != "NoExecute":
            raise wrong_setting(
                ("toleration_seconds",),
                "only the effect NoExecute takes pods away; allowed: null, or the effect NoExecute",
                self.toleration_seconds,
            )
        return self

    def as_args(self) -> TolerationArgs:
        return TolerationArgs(
            key=self.key,
            operator=self.operator,
            value=self.value or None,
            effect=self.effect,
            toleration_seconds=self.toleration_seconds,
        )


class SchedulingSettings(Settings):
    """Which nodes the pods may run on, and before whom."""

    priority_class: DnsName | None = Field(
        default=None, description="A PriorityClass that exists; null for the cluster's default."
    )
    node_selector: dict[QualifiedName, LabelValue] = Field(
        default_factory=dict, description="Labels that a node must have."
    )
    tolerations: list[Toleration] = Field(
        default_factory=list[Toleration], description="Taints of nodes that the pods put up with."
    )


def place(pod: PodSpecArgs, scheduling: SchedulingSettings, image_pull_secrets: Sequence[str]) -> PodSpecArgs:
    """The same pod, on the nodes that `scheduling` allows. What is not set is left out of the object."""
    pod.priority_class_name = scheduling.priority_class
    pod.node_selector = scheduling.node_selector or None
    pod.tolerations = [toleration.as_args() for toleration in scheduling.tolerations] or None
    pod.image_pull_secrets = [LocalObjectReferenceArgs(name=secret) for secret in image_pull_secrets] or None
    return pod
