"""`python -m operations.preview STACK`: the plain `pulumi preview --diff` of a stack, with or without its state.

Where a backend is given (PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN), the diff is against the stack's own state.
Elsewhere, in a fork's pull request for instance, it is against an empty state in a folder that is removed
afterwards, with a placeholder for every encrypted value and for a password that the settings don't have: everything
shows as created, and every setting is still checked.
"""

import os
import sys
from collections.abc import Mapping

from command_line import pulumi_installation
from command_line.paths import Paths
from command_line.progress import Progress
from command_line.pulumi_runner import Pulumi
from environment.guard.cluster_ownership import WITHOUT_CLUSTER
from operations.scratch_stack import PLACEHOLDER, scratch_stack
from operations.stacks import LOCAL, PROJECT, check_known, names_a_backend, run_for_stack, settings_file


def preview(stack: str) -> int:
    """Print the preview and return the engine's exit code. UserError for a stack without a settings file."""
    check_known(stack)
    paths = Paths.from_environment()
    found = pulumi_installation.ensure(paths, Progress())
    environment = pulumi_installation.variables(found, paths)
    if stack == LOCAL and (of_local := _environment_of_local()):
        return _preview(stack, {**environment, **of_local}, [])
    if names_a_backend(os.environ):
        return _preview(stack, environment, [])
    with scratch_stack(stack, environment) as scratch:
        settings = scratch.hand_over(settings_file(stack), needs_password=True)
        password_file = scratch.folder / "redis-password"
        password_file.write_text(PLACEHOLDER)
        print(
            f"No backend is given (PULUMI_BACKEND_URL), so this compares '{stack}' with an empty state, with "
            f"placeholders for its secrets.\n",
            flush=True,
        )
        of_no_machine = {
            "WEBTIER_KUBECONFIG": str(scratch.folder / "no-cluster"),
            WITHOUT_CLUSTER: "true",
            "WEBTIER_REDIS_PASSWORD_FILE": str(password_file),
        }
        options = ["--config-file", str(settings)]
        return _preview(stack, {**scratch.environment, **of_no_machine}, options)


def _preview(stack: str, environment: Mapping[str, str], options: list[str]) -> int:
    return Pulumi(PROJECT, environment).show("preview", "--diff", "--stack", stack, *options)


def _environment_of_local() -> Mapping[str, str]:
    """Where the state of the stack `local` and its cluster are; nothing before the first `make up`."""
    # Of all stacks this one alone is on the embedded cluster: previews of the others go without that package.
    from operations.local import LocalStack

    local = LocalStack.from_environment()
    return local.environment() if local.is_prepared() else {}


if __name__ == "__main__":
    sys.exit(run_for_stack("preview", preview))
