"""`python -m operations.deploy STACK`: the plain `pulumi up` of a stack, without questions, for a pipeline."""

import argparse
import os
import sys

from command_line import pulumi_installation
from command_line.console import run_command
from command_line.errors import UserError
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.pulumi_runner import Pulumi
from operations.locks import refuse_if_locked
from operations.stacks import PROJECT, check_known, names_a_backend


def deploy(stack: str) -> int:
    """Run `pulumi up` against the backend that the environment names, and return the engine's exit code.

    Raises UserError for an unknown stack, where another deployment of it has the lock, and where no backend is named: a
    deployment whose state is thrown away could never be changed again.
    """
    check_known(stack)
    if not names_a_backend(os.environ):
        raise UserError(
            "No backend is given. Set PULUMI_BACKEND_URL (s3://…, azblob://…, gs://…, file://…) or "
            "PULUMI_ACCESS_TOKEN to say where the state of the stack is kept."
        )
    refuse_if_locked(os.environ.get("PULUMI_BACKEND_URL", ""), stack)
    paths = Paths.from_environment()
    environment = pulumi_installation.variables(pulumi_installation.ensure(paths, Progress()), paths)
    return Pulumi(PROJECT, environment).show("up", "--stack", stack, "--yes", "--skip-preview")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="operations.deploy")
    parser.add_argument("stack")
    given = parser.parse_args()
    sys.exit(run_command(lambda: deploy(given.stack), f"make deploy STACK={given.stack}"))
