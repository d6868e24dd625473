"""One stack's preview, and what it is compared with.

With a backend the program is compared with the stack's state, and the program of the base too: what that would change
is pending, whatever a pull request does. Without one, the program is compared with what the base's plans.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from command_line.pulumi_runner import Pulumi
from environment.guard.cluster_ownership import NOT_LOOKED_AT, WITHOUT_CLUSTER
from operations.preview.base import Base
from operations.preview.engine import Engine
from operations.preview.model.change import Change
from operations.preview.planned_state import planned_state, without_undeployed
from operations.preview.state_version import state_version
from operations.scratch_stack import PLACEHOLDER, ScratchStack, scratch_stack
from operations.stacks import LOCAL, PROJECT, names_a_backend, settings_file

_NO_BACKEND = "no backend is given (PULUMI_BACKEND_URL)"


@dataclass(frozen=True)
class Compared:
    """What the program would change, compared with what `against` says; `pending` is what the base's would too."""

    change: Change
    against: str
    pending: Change | None = None


def compare(stack: str, base: Base | None, environment: Mapping[str, str], logs: Path) -> Compared:
    """The preview of a stack; `environment` says where the engine is, and `logs` where event logs go."""
    if (own := _environment_of_state(stack)) is None:
        with scratch_stack(stack, environment) as scratch:
            return _without_state(scratch, base, logs)
    against = state_version(Pulumi(PROJECT, {**environment, **own}), stack)
    change = Engine(PROJECT, {**environment, **own}, logs).preview(stack, stack)
    if base is None or base.settings(stack) is None:
        return Compared(change, against)
    with base.program() as folder:
        engine = Engine(folder, {**environment, **own, **_imports_from(folder)}, logs)
        return Compared(change, against, engine.preview(stack, f"{stack}-base"))


def _environment_of_state(stack: str) -> Mapping[str, str] | None:
    """What the engine needs besides to find the stack's state; None where nobody says where it is."""
    if stack == LOCAL:
        # Of all stacks this one alone is on the embedded cluster: previews of the others go without that package.
        from operations.local import LocalStack

        local = LocalStack.from_environment()
        if local.is_prepared():
            return local.environment()
    return {} if names_a_backend(os.environ) else None


def _imports_from(folder: Path) -> Mapping[str, str]:
    """The base's own components, and not those that are installed, which are of this version."""
    return {"PYTHONPATH": str(folder / "components")}


def _without_state(scratch: ScratchStack, base: Base | None, logs: Path) -> Compared:
    password_file = scratch.folder / "redis-password"
    password_file.write_text(PLACEHOLDER)
    of_no_machine = {
        "WEBTIER_KUBECONFIG": str(scratch.folder / "no-cluster"),
        WITHOUT_CLUSTER: "true",
        "WEBTIER_REDIS_PASSWORD_FILE": str(password_file),
    }
    environment = {**scratch.environment, **of_no_machine}
    has_base = base is not None and _plan(scratch, base, environment, logs)
    settings = scratch.hand_over(settings_file(scratch.name), needs_password=True)
    change = Engine(PROJECT, environment, logs).preview(scratch.name, scratch.name, "--config-file", str(settings))
    # What this is compared with says so already.
    change = change.without_diagnostic(NOT_LOOKED_AT)
    if has_base:
        return Compared(without_undeployed(change), f"the base, with placeholders for secrets: {_NO_BACKEND}")
    return Compared(change, f"an empty state, with placeholders for secrets: {_NO_BACKEND}")


def _plan(scratch: ScratchStack, base: Base, environment: Mapping[str, str], logs: Path) -> bool:
    """Makes what the base's program plans the state; False where there is no such plan, and so no state."""
    if base.settings(scratch.name) is None:
        return False
    plan, state = scratch.folder / "plan.json", scratch.folder / "state.json"
    with base.program() as folder:
        settings = scratch.hand_over(folder / settings_file(scratch.name).name, needs_password=True)
        engine = Engine(folder, {**environment, **_imports_from(folder)}, logs)
        options = ("--config-file", str(settings), "--save-plan", str(plan))
        if not engine.preview(scratch.name, f"{scratch.name}-base", *options).succeeded:
            return False
    pulumi = Pulumi(scratch.folder, environment)
    exported = pulumi.run("stack", "export", "--stack", scratch.name)
    state.write_text(planned_state(plan.read_text(), exported))
    pulumi.run("stack", "import", "--stack", scratch.name, "--file", str(state), failure="The plan is no state")
    return True
