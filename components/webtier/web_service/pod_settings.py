"""What a pod is allowed, and as whom it runs: plain data."""

from typing import Annotated

from pulumi_kubernetes.core.v1 import PodSecurityContextArgs, SecurityContextArgs
from pydantic import Field, model_validator

from webtier.shared.model import DnsName, QualifiedName, Settings
from webtier.shared.problems import wrong_setting
from webtier.shared.security import restricted_container, restricted_pod

UserId = Annotated[int, Field(ge=1, le=2**31 - 1)]

FIRST_UNPRIVILEGED_PORT = 1024


class SecuritySettings(Settings):
    """As whom the containers run. All else is as the Pod Security Standard `restricted` has it."""

    run_as_user: UserId = Field(default=101, description="The user id; never root.")
    run_as_group: UserId | None = Field(default=None, description="The group id; null for the user's number.")
    fs_group: UserId | None = Field(
        default=None, description="The group that owns folders and Secrets; null for the user's number."
    )
    read_only_root_filesystem: bool = Field(
        default=True, description="Whether the image can be written to only at `writable_paths`."
    )
    unprivileged_ports_from: int = Field(
        default=FIRST_UNPRIVILEGED_PORT,
        ge=0,
        le=FIRST_UNPRIVILEGED_PORT,
        description="The lowest port that a container may listen on.",
    )

    def pod(self) -> PodSecurityContextArgs:
        lowest = self.unprivileged_ports_from
        return restricted_pod(
            self.run_as_user,
            self.run_as_group,
            fs_group=self.run_as_user if self.fs_group is None else self.fs_group,
            unprivileged_ports_from=None if lowest == FIRST_UNPRIVILEGED_PORT else lowest,
        )

    def container(self) -> SecurityContextArgs:
        return restricted_container(read_only_root=self.read_only_root_filesystem)


class ServiceAccountSettings(Settings):
    """Whose rights the pods have in the cluster."""

    name: DnsName | None = Field(
        default=None, description="An account that exists; null for one of the service's own, which has no rights."
    )
    annotations: dict[QualifiedName, str] = Field(
        default_factory=dict, description="For the service's own account, such as a cloud's for its roles."
    )
    mount_token: bool = Field(default=False, description="Whether the containers get its token for the API server.")

    @model_validator(mode="after")
    def _annotations_are_for_its_own(self) -> "ServiceAccountSettings":
        if self.name is not None and self.annotations:
            raise wrong_setting(
                ("annotations",),
                "the account that `name` names is not made here; allowed: annotations without a name",
                self.annotations,
            )
        return self
