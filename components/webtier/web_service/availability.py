"""What keeps enough pods serving: where they run, how many may go at once, how they are updated."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pulumi_kubernetes.apps.v1 import DeploymentStrategyArgs, RollingUpdateDeploymentArgs
from pulumi_kubernetes.core.v1 import LifecycleArgs, LifecycleHandlerArgs, SleepActionArgs, TopologySpreadConstraintArgs
from pydantic import Field, PlainValidator, model_validator

from webtier.shared.model import Moved, Settings
from webtier.shared.pods import HOST_TOPOLOGY, ZONE_TOPOLOGY, spread
from webtier.shared.problems import check, wrong_setting

MOST_PODS = 1000

_PERCENT = re.compile(r"(100|[1-9]?[0-9])%")


def _count_problem(count: object) -> str | None:
    is_number = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MOST_PODS
    is_percent = isinstance(count, str) and _PERCENT.fullmatch(count) is not None
    return None if is_number or is_percent else "allowed: a whole number from 0 to 1000, or text from '0%' to '100%'"


PodCount = Annotated[
    int | str,
    PlainValidator(check(_count_problem), json_schema_input_type=Annotated[int, Field(ge=0, le=MOST_PODS)] | str),
]
"""`2`, or `'25%'` of the pods."""


def _pods_of(count: int | str, pods: int) -> int:
    """How many of so many pods a count stands for; a part of one counts as one, as a disruption budget has it."""
    return count if isinstance(count, int) else -(-int(count.removesuffix("%")) * pods // 100)


def _is_none(count: int | str) -> bool:
    """Whether a count stands for no pod at all, however many there are."""
    return count in (0, "0%")


class BudgetSettings(Settings):
    """How many pods an eviction has to leave. A disruption budget holds when nodes are drained, not in a rollout."""

    max_unavailable: PodCount | None = Field(
        default=None,
        description="So many pods, or such a part such as `25%`, may be away; null if `min_available` says it.",
    )
    min_available: PodCount | None = Field(
        default=None, description="So many pods, or such a part, have to stay; null if `max_unavailable` says it."
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> "BudgetSettings":
        if (self.max_unavailable is None) == (self.min_available is None):
            raise wrong_setting(
                ("max_unavailable",),
                "Kubernetes takes one of max_unavailable and min_available; allowed: exactly one of the two",
                self.max_unavailable,
            )
        if self.max_unavailable is not None and _is_none(self.max_unavailable):
            raise wrong_setting(
                ("max_unavailable",),
                "no pod could ever be evicted, and no node drained; allowed: at least 1, or 1%",
                self.max_unavailable,
            )
        return self

    def check_against(self, pods: int) -> None:
        """ValidationError when not one of so many pods could ever be evicted."""
        least = self.min_available
        if least is not None and _pods_of(least, pods) >= pods:
            raise wrong_setting(
                ("budget", "min_available"),
                f"the minimum is {pods} pods, of which none could ever be evicted, and no node drained; "
                "allowed: fewer than there are, or budget: null",
                least,
            )


_SPREAD_WORDS = {"soft": "preferred", "hard": "required"}


class SpreadSettings(Settings):
    """How evenly pods are spread: `preferred` where there is room, `required` leaves a pod unscheduled else,
    `none` does not spread them."""

    moved: ClassVar[Moved] = Moved(values=dict.fromkeys(("nodes", "zones"), _SPREAD_WORDS))

    nodes: Literal["preferred", "required", "none"] = Field(default="preferred", description="Over nodes.")
    zones: Literal["preferred", "required", "none"] = Field(default="preferred", description="Over zones.")

    def as_args(self, selector: Mapping[str, str]) -> list[TopologySpreadConstraintArgs] | None:
        """For the pods that the selector picks."""
        wishes = {HOST_TOPOLOGY: self.nodes, ZONE_TOPOLOGY: self.zones}
        constraints = [
            spread(key, selector, required=wish == "required") for key, wish in wishes.items() if wish != "none"
        ]
        return constraints or None


class RolloutSettings(Settings):
    """How new pods take the place of old ones."""

    max_surge: PodCount = Field(default=1, description="Pods above their number meanwhile, or such a part.")
    max_unavailable: PodCount = Field(default=0, description="Pods below their number meanwhile, or such a part.")
    min_ready_seconds: int = Field(
        default=0, ge=0, le=3600, description="A new pod counts once it has been ready for so long."
    )
    progress_deadline_seconds: int = Field(
        default=300, ge=1, le=86400, description="Kubernetes calls a rollout stuck when nothing has moved for so long."
    )
    timeout_seconds: int = Field(
        default=600, ge=10, le=86400, description="A deployment fails when the pods are not ready by then."
    )
    drain_seconds: int = Field(
        default=5,
        ge=0,
        le=300,
        description="An old pod goes on serving for so long while the cluster forgets its address.",
    )
    grace_seconds: int = Field(
        default=30, ge=1, le=3600, description="From the beginning of the drain to the kill of what still runs."
    )

    @model_validator(mode="after")
    def _can_move(self) -> "RolloutSettings":
        if _is_none(self.max_surge) and _is_none(self.max_unavailable):
            raise wrong_setting(
                ("max_surge",),
                "max_unavailable is 0 too, so that no pod could ever be replaced; allowed: at least 1 for one of them",
                self.max_surge,
            )
        if self.progress_deadline_seconds <= self.min_ready_seconds:
            raise wrong_setting(
                ("progress_deadline_seconds",),
                f"min_ready_seconds is {self.min_ready_seconds}, so that every rollout would be called stuck; "
                "allowed: more than that",
                self.progress_deadline_seconds,
            )
        return self

    @property
    def termination_seconds(self) -> int:
        """From the end of a pod's life being asked for to its kill."""
        return max(self.grace_seconds, self.drain_seconds + 1)

    def strategy(self) -> DeploymentStrategyArgs:
        return DeploymentStrategyArgs(
            type="RollingUpdate",
            rolling_update=RollingUpdateDeploymentArgs(max_unavailable=self.max_unavailable, max_surge=self.max_surge),
        )

    def drain(self) -> LifecycleArgs | None:
        """For a container that serves."""
        if self.drain_seconds == 0:
            return None
        # The kubelet's own sleep needs no shell in the image.
        return LifecycleArgs(pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=self.drain_seconds)))
