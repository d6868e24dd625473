"""How the kubelet asks any Redis whether it lives, and whether it is ready."""

from pulumi_kubernetes.core.v1 import ExecActionArgs, ProbeArgs

from webtier.redis_common.conf import CONF_FOLDER, PORT

CLI = f"redis-cli -h 127.0.0.1 -p {PORT}"


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
{answers(CLI)}"""
"""Liveness and startup."""


def startup_probe() -> ProbeArgs:
    """Redis answers while it loads its data, so that this is about starting the process alone."""
    return _probe("alive.sh", period=1, failures=60)


def liveness_probe() -> ProbeArgs:
    """A minute without a sign of life restarts the container."""
    return _probe("alive.sh", period=10, failures=6)


def readiness_probe() -> ProbeArgs:
    """What `ready.sh` says, in each kind of Redis its own.

    Each question starts a process in the container, which costs a node about 0.1 s of CPU.
    """
    return _probe("ready.sh", period=5, failures=2)


def _probe(script: str, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        exec_=ExecActionArgs(command=["sh", f"{CONF_FOLDER}/{script}"]),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )
