"""`python -m operations up|down|env|status`: what the Makefile calls for the stack `local`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from command_line.console import run_command
from command_line.progress import Progress
from devcluster import status as cluster_status
from devcluster import up as cluster
from devcluster.paths import ClusterPaths
from operations.answers import wait_for_answers
from operations.local import STACK, LocalStack

_ADDRESSES = ("ingress_url", "ingress_https_url", "redis_endpoint", "redis_external")


def _up(paths: ClusterPaths) -> None:
    progress, local = Progress(), LocalStack(paths)
    cluster.up(paths, progress, local.images_on_demand())
    with progress.part(f"pulumi up --stack {STACK}"):
        local.prepare()
        local.mend()
        local.up()
    with progress.alive(), progress.part("every route and Redis answer"):
        outputs = local.outputs()
        wait_for_answers(outputs)
    print(f"\nWhat took how long:\n{progress.summary()}\n\n{_addresses('The tier is up:', outputs)}")


def _addresses(heading: str, outputs: Mapping[str, Any]) -> str:
    known = {name: outputs[name] for name in _ADDRESSES if outputs.get(name)}
    url = known.get("ingress_url", "")
    width = max(map(len, known), default=0)
    lines = [heading, *(f"  {name:<{width}}  {value}" for name, value in known.items())]
    if url:
        lines += ["", "Try:", f"  curl {url}/user", f"  curl {url}/pay", f"  curl {url}/"]
    lines += ["", 'For plain pulumi, kubectl and python in this shell:  eval "$(make -s env)"']
    return "\n".join(lines)


def _status(paths: ClusterPaths) -> None:
    print(cluster_status.report(paths))
    if paths.kubeconfig.exists():
        print(f"\n{_addresses('Where the stack was deployed to answer:', LocalStack(paths).outputs())}")


_COMMANDS: dict[str, Callable[[ClusterPaths], None]] = {
    "up": _up,
    "down": lambda paths: cluster.down(paths, Progress()),
    "status": _status,
    "env": lambda paths: print(LocalStack(paths).exports()),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    command = parser.parse_args().command
    return run_command(lambda: _COMMANDS[command](ClusterPaths.from_environment()), f"make {command}")


if __name__ == "__main__":
    sys.exit(main())
