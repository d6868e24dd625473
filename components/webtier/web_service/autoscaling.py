"""As many pods as their load asks for."""

from typing import Literal

import pulumi
from pulumi_kubernetes.autoscaling.v2 import (
    CrossVersionObjectReferenceArgs,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehaviorArgs,
    HorizontalPodAutoscalerSpecArgs,
    HPAScalingPolicyArgs,
    HPAScalingRulesArgs,
    MetricSpecArgs,
    MetricTargetArgs,
    ResourceMetricSourceArgs,
)
from pydantic import Field, model_validator

from webtier.shared.children import Children
from webtier.shared.model import Settings
from webtier.shared.problems import wrong_setting


class ScalingPolicy(Settings):
    """How far the number of pods may change at a time."""

    kind: Literal["pods", "percent"] = Field(description="Whether `value` is a number of pods or a percent of them.")
    value: int = Field(ge=1, le=1000, description="The largest change.")
    period_seconds: int = Field(ge=1, le=1800, description="Within so many seconds.")


class ScalingRules(Settings):
    """How the number of pods changes in one direction."""

    stabilization_seconds: int | None = Field(
        default=None,
        ge=0,
        le=3600,
        description="The most cautious number of this long ago until now counts; null for Kubernetes' own: 0 up, "
        "300 down.",
    )
    select: Literal["max", "min", "disabled"] = Field(
        default="max", description="Which of several policies counts; `disabled` for no change in this direction."
    )
    policies: list[ScalingPolicy] = Field(
        default_factory=list[ScalingPolicy], description="Limits to the change; empty for Kubernetes' own."
    )

    def as_args(self) -> HPAScalingRulesArgs:
        return HPAScalingRulesArgs(
            stabilization_window_seconds=self.stabilization_seconds,
            select_policy=self.select.capitalize(),
            policies=[
                HPAScalingPolicyArgs(
                    type=policy.kind.capitalize(), value=policy.value, period_seconds=policy.period_seconds
                )
                for policy in self.policies
            ]
            or None,
        )


class AutoscalingSettings(Settings):
    """A HorizontalPodAutoscaler. The cluster needs a metrics server for it."""

    min: int = Field(default=2, ge=1, le=1000, description="Minimum replicas.")
    max: int = Field(ge=1, le=1000, description="Maximum replicas.")
    cpu_percent: int | None = Field(
        default=70, ge=1, le=1000, description="CPU use to keep, as a part of `resources.requests.cpu`; null for any."
    )
    memory_percent: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Memory use to keep, as a part of `resources.requests.memory`; null for any.",
    )
    scale_up: ScalingRules | None = Field(default=None, description="How it grows; null for Kubernetes' own rules.")
    scale_down: ScalingRules | None = Field(default=None, description="How it shrinks; null for Kubernetes' own rules.")

    @model_validator(mode="after")
    def _can_scale(self) -> "AutoscalingSettings":
        if self.max < self.min:
            raise wrong_setting(("max",), f"less than min, {self.min}; allowed: at least as many", self.max)
        if not self.targets():
            raise wrong_setting(
                ("cpu_percent",),
                "memory_percent is null too, so that nothing would say how many pods are needed; allowed: at least "
                "one of the two",
                self.cpu_percent,
            )
        return self

    def targets(self) -> dict[str, int]:
        """The use to keep, in percent of the request, of each resource that counts."""
        both = {"cpu": self.cpu_percent, "memory": self.memory_percent}
        return {resource: percent for resource, percent in both.items() if percent is not None}


def make_autoscaler(
    name: str, children: Children, settings: AutoscalingSettings, deployment: pulumi.Input[str]
) -> HorizontalPodAutoscaler:
    """The autoscaler of a Deployment, which must have no number of replicas of its own."""
    up, down = (rules and rules.as_args() for rules in (settings.scale_up, settings.scale_down))
    return HorizontalPodAutoscaler(
        name,
        metadata=children.metadata(name),
        spec=HorizontalPodAutoscalerSpecArgs(
            scale_target_ref=CrossVersionObjectReferenceArgs(api_version="apps/v1", kind="Deployment", name=deployment),
            min_replicas=settings.min,
            max_replicas=settings.max,
            metrics=[
                MetricSpecArgs(
                    type="Resource",
                    resource=ResourceMetricSourceArgs(
                        name=resource, target=MetricTargetArgs(type="Utilization", average_utilization=percent)
                    ),
                )
                for resource, percent in settings.targets().items()
            ],
            behavior=HorizontalPodAutoscalerBehaviorArgs(scale_up=up, scale_down=down) if up or down else None,
        ),
        opts=children.options(),
    )
