"""`python -m operations up|down|env|status`: what the Makefile calls for the stack `local`."""

import argparse
import sys

from devcluster import status as cluster_status
from devcluster import up as cluster
from devcluster.errors import UserError
from devcluster.paths import Paths
from devcluster.progress import Progress
from devcluster.run import CommandError
from operations.answers import wait_for_answers
from operations.local import STACK, LocalStack

_ADDRESSES = ("ingress_url", "ingress_https_url", "redis_endpoint", "redis_external")


def _up(paths: Paths) -> None:
    progress, local = Progress(), LocalStack(paths)
    cluster.up(paths, progress)
    with progress.part(f"pulumi up --stack {STACK}"):
        local.prepare()
        local.mend()
        local.up()
    with progress.alive(), progress.part("every route and Redis answer"):
        wait_for_answers(local.outputs())
    print(f"\nWhat took how long:\n{progress.summary()}\n\n{_addresses(local)}")


def _addresses(local: LocalStack) -> str:
    outputs = local.outputs()
    known = {name: outputs[name] for name in _ADDRESSES if outputs.get(name)}
    url = known.get("ingress_url", "")
    width = max(map(len, known), default=0)
    lines = ["The tier is up:", *(f"  {name:<{width}}  {value}" for name, value in known.items())]
    if url:
        lines += ["", "Try:", f"  curl {url}/user", f"  curl {url}/pay", f"  curl {url}/"]
    lines += ["", 'For plain pulumi, kubectl and python in this shell:  eval "$(make -s env)"']
    return "\n".join(lines)


def _status(paths: Paths) -> None:
    print(cluster_status.report(paths))
    if paths.kubeconfig.exists():
        print(f"\n{_addresses(LocalStack(paths))}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="operations", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "env", "status"))
    command = parser.parse_args().command
    try:
        paths = Paths.from_environment()
        if command == "up":
            _up(paths)
        elif command == "down":
            cluster.down(paths, Progress())
        elif command == "status":
            _status(paths)
        else:
            print(LocalStack(paths).exports())
    except UserError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except CommandError as problem:
        print(f"error: {problem}\n\nRun `make {command}` again: it goes on where this stopped.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted. `make {command}` goes on where this stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
