"""The containers of a pod: the one that serves, those before it and those beside it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    SecretKeySelectorArgs,
    SecurityContextArgs,
    VolumeMountArgs,
)
from pydantic import Field, model_validator

from webtier.shared.model import DnsLabel, DnsName, Image, Port, PortName, Settings, text_type
from webtier.shared.problems import checked, wrong_setting
from webtier.shared.quantities import ResourceAmounts, ResourceSettings

MAIN = "web"
"""The container that serves."""


def _process_text_problem(text: str) -> str | None:
    return "no process can be given a NUL character; allowed: text without one" if "\0" in text else None


EnvironmentName = Annotated[
    str, text_type(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and '_', not beginning with a digit")
]

SecretDataKey = Annotated[
    str,
    text_type(r"(?!\.\.)[A-Za-z0-9._-]{1,253}", "1 to 253 of A-Z, a-z, 0-9, '-', '_' and '.', not beginning with '..'"),
]
"""A key of a Secret's data, by the rule of Kubernetes for ConfigMaps and Secrets."""

ProcessText = Annotated[str, checked(_process_text_problem)]
"""An argument of a process, or the value of an environment variable."""


class SecretKey(Settings):
    """One value of a Secret that exists in the namespace."""

    secret: DnsName = Field(description="The Secret's name.")
    key: SecretDataKey = Field(description="The key of the value in it.")


class ProgramSettings(Settings):
    """What any container runs. All run as the same ordinary user, and find the same files and folders."""

    image: Image = Field(description="The container image, with its tag or digest.")
    command: list[ProcessText] = Field(default_factory=list, description="In place of the image's entrypoint.")
    args: list[ProcessText] = Field(default_factory=list, description="In place of the image's arguments.")
    env: dict[EnvironmentName, ProcessText] = Field(
        default_factory=dict, description="Environment variables. Not for secrets."
    )
    secret_env: dict[EnvironmentName, SecretKey] = Field(
        default_factory=dict, description="Environment variables whose values are in Secrets of the namespace."
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="10m", memory="32Mi"), limits=ResourceAmounts(memory="128Mi")
        ),
        description="Requests and limits of the container.",
    )

    @model_validator(mode="after")
    def _each_variable_once(self) -> "ProgramSettings":
        for name in self.env:
            if name in self.secret_env:
                raise wrong_setting(
                    ("secret_env", name), "env has this variable too; allowed: each variable once", name
                )
        return self

    def as_args(
        self,
        name: str,
        ports: Mapping[str, ContainerPortArgs],
        mounts: Sequence[VolumeMountArgs],
        security: SecurityContextArgs,
    ) -> ContainerArgs:
        """The container, without probes."""
        plain = [EnvVarArgs(name=name, value=self.env[name]) for name in sorted(self.env)]
        secret = [
            EnvVarArgs(
                name=name,
                value_from=EnvVarSourceArgs(secret_key_ref=SecretKeySelectorArgs(name=source.secret, key=source.key)),
            )
            for name, source in sorted(self.secret_env.items())
        ]
        return ContainerArgs(
            name=name,
            image=self.image,
            image_pull_policy="IfNotPresent",
            command=self.command or None,
            args=self.args or None,
            env=[*plain, *secret],
            ports=[ports[key] for key in sorted(ports)] or None,
            resources=self.resources.as_args(),
            security_context=security,
            volume_mounts=mounts,
        )


class InitContainer(ProgramSettings):
    """One that has to end well before the next begins, and all of them before the service does."""

    name: DnsLabel = Field(description="The container's name.")


class Sidecar(ProgramSettings):
    """One that runs beside the service."""

    ports: dict[PortName, Port] = Field(
        default_factory=dict, description="Ports by name that it listens on, for `target_port` of a port under `ports`."
    )
