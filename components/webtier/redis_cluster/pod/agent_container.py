"""Containers that run the agent, in the Redis pods and in the Job."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, VolumeArgs, VolumeMountArgs

from webtier.redis_cluster.credentials.tls import TlsFiles
from webtier.redis_cluster.pod.agent_archive import AGENT_ZIP, REDIS_PY_ZIP
from webtier.redis_cluster.pod.redis_conf import BUS_PORT, TLS_FOLDER
from webtier.redis_cluster.settings import AgentSettings
from webtier.redis_common.conf import AUTH_FOLDER, PORT
from webtier.shared.pods import config_volume
from webtier.shared.security import restricted_container

CODE_FOLDER = "/opt/webtier-agent"

WITHOUT: Sequence[str] = ()
"""The agent's features (agent/features.py) that are left out: tests of faults patch this, and it is no setting."""

AUTH_VOLUME = "auth"
AUTH_MOUNT = VolumeMountArgs(name=AUTH_VOLUME, mount_path=AUTH_FOLDER, read_only=True)
"""Users and passwords."""

_CODE_VOLUME = "agent-code"


@dataclass(frozen=True)
class AgentContainers:
    """Makes the agent's containers.

    `code` names the ConfigMap with its code, None when the image has it; `code_checksum` is of what is in it.
    """

    settings: AgentSettings
    code: pulumi.Input[str] | None
    tls: TlsFiles | None
    code_checksum: str = ""

    def container(
        self,
        name: str,
        arguments: Sequence[pulumi.Input[str]],
        mounts: Sequence[VolumeMountArgs] = (),
        env: Sequence[EnvVarArgs] = (),
        sidecar: bool = False,
    ) -> ContainerArgs:
        """A container that runs one of the agent's commands; a sidecar starts before the others and ends after them."""
        common = [f"--port={PORT}", f"--bus-port={BUS_PORT}", *([] if self.tls is None else [f"--tls={TLS_FOLDER}"])]
        python_path = f"{CODE_FOLDER}/{AGENT_ZIP}:{CODE_FOLDER}/{REDIS_PY_ZIP}"
        mounted = self.code is not None
        code_env = [EnvVarArgs(name="PYTHONPATH", value=python_path)] if mounted else []
        code_mount = [VolumeMountArgs(name=_CODE_VOLUME, mount_path=CODE_FOLDER, read_only=True)] if mounted else []
        return ContainerArgs(
            name=name,
            restart_policy="Always" if sidecar else None,
            image=self.settings.image,
            image_pull_policy="IfNotPresent",
            command=["python3", "-m", "agent", *common, *(f"--without={feature}" for feature in WITHOUT)],
            args=list(arguments),
            env=[*code_env, EnvVarArgs(name="PYTHONDONTWRITEBYTECODE", value="1"), *env],
            volume_mounts=[*code_mount, *([] if self.tls is None else [self.tls.mount()]), *mounts],
            resources=self.settings.resources.as_args(),
            security_context=restricted_container(),
            # The last lines say why it ended, also where the log can no longer be read.
            termination_message_policy="FallbackToLogsOnError",
        )

    def volumes(self) -> list[VolumeArgs]:
        return [
            *([] if self.code is None else [config_volume(_CODE_VOLUME, self.code)]),
            *([] if self.tls is None else [self.tls.volume()]),
        ]
