"""The container of any Redis, and how the kubelet asks whether it lives and is ready."""

from collections.abc import Sequence

from pulumi_kubernetes.core.v1 import ContainerArgs, ContainerPortArgs, ExecActionArgs, ProbeArgs, VolumeMountArgs

from webtier.redis_common.access import CLIENT_PORT
from webtier.redis_common.conf import CONF_FOLDER, PORT
from webtier.shared.quantities import ResourceSettings
from webtier.shared.security import restricted_container

KIND = """\
# Valkey's programs are called valkey-*; images that have both names mean the same programs.
kind=redis
command -v redis-server > /dev/null || kind=valkey
"""
"""The part of a script that tells what the names of the image's programs begin with."""

CLI = f'"$kind-cli" -h 127.0.0.1 -p {PORT}'
"""In a script, after KIND."""


def answers(cli: str) -> str:
    """The part of a script that ends it: well with any sign of life, else with what `cli` said."""
    return f"""\
# Any answer is a sign of life, also "log in first" and "still loading": a restart would only lose time.
answer=$({cli} ping 2>&1)
case $answer in
  *PONG* | *NOAUTH* | *LOADING* | *BUSY*) exit 0 ;;
esac
echo "$answer"
exit 1
"""


ALIVE_SCRIPT = f"""\
#!/bin/sh
{KIND}{answers(CLI)}"""
"""Liveness and startup."""


def redis_container(
    image: str, resources: ResourceSettings, command: Sequence[str], mounts: Sequence[VolumeMountArgs]
) -> ContainerArgs:
    """Runs the `command`, asked by `alive.sh` and `ready.sh` among the mounted files, in each kind of Redis its own.

    A minute without a sign of life restarts it. Redis answers while it loads its data, so that the start is about the
    process alone. Each question starts a process in the container, which costs a node about 0.1 s of CPU.
    """
    return ContainerArgs(
        name="redis",
        image=image,
        image_pull_policy="IfNotPresent",
        command=command,
        ports=[ContainerPortArgs(name=CLIENT_PORT, container_port=PORT)],
        startup_probe=_probe("alive.sh", period=1, failures=60),
        liveness_probe=_probe("alive.sh", period=10, failures=6),
        readiness_probe=_probe("ready.sh", period=5, failures=2),
        resources=resources.as_args(),
        security_context=restricted_container(),
        volume_mounts=[VolumeMountArgs(name="conf", mount_path=CONF_FOLDER, read_only=True), *mounts],
    )


def _probe(script: str, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        exec_=ExecActionArgs(command=["sh", f"{CONF_FOLDER}/{script}"]),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )
