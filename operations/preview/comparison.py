"""One stack's preview, what it is compared with, and where its differences come from.

With a backend the program is compared with the stack's state, and the program of the base too: what that would change
is pending, whatever a pull request does. Without one, the program is compared with what the base's plans.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from command_line.errors import UserError
from command_line.pulumi_runner import Pulumi
from environment.guard.cluster_ownership import NOT_LOOKED_AT, WITHOUT_CLUSTER
from operations.drift.look import Drifted, look
from operations.preview.base import Base
from operations.preview.engine import Engine
from operations.preview.known_secrets import KnownSecrets
from operations.preview.model.change import Change, Diagnostic, Severity
from operations.preview.planned_state import planned_state, without_undeployed
from operations.preview.policy_pack import PolicyPack
from operations.preview.provenance import Cause, Sides, causes
from operations.preview.settings_file import changed_settings
from operations.preview.state_version import state_version
from operations.scratch_stack import PLACEHOLDER, ScratchStack, scratch_stack
from operations.stacks import LOCAL, PROJECT, names_a_backend, settings_file

_NO_BACKEND = "no backend is given (PULUMI_BACKEND_URL)"


@dataclass(frozen=True)
class Compared:
    """What the program would change, compared with what `against` says; `pending` is what the base's would too.

    `of_base` is what the base's program makes the engine say. `secrets` are hidden in all of it.
    """

    change: Change
    against: str
    pending: Change | None = None
    causes: tuple[Cause, ...] = ()
    of_base: tuple[Diagnostic, ...] = ()
    secrets: KnownSecrets = field(default_factory=KnownSecrets)


def compare(stack: str, base: Base | None, environment: Mapping[str, str]) -> Compared:
    """The preview of a stack; `environment` says where the engine is."""
    if (own := environment_of_state(stack)) is None:
        with scratch_stack(stack, environment) as scratch:
            return _without_state(scratch, base)
    environment = {**environment, **own}
    against = state_version(Pulumi(PROJECT, environment), stack)
    engine, secrets = Engine(PROJECT, environment), KnownSecrets.of(stack, Pulumi(PROJECT, environment))
    change = _judged(engine, stack)
    if base is None or base.settings(stack) is None:
        return Compared(secrets.hide_in_change(change), against, secrets=secrets)
    with base.program() as folder:
        there = {**environment, **_imports_from(folder)}
        secrets = secrets.and_also(KnownSecrets.of(stack, Pulumi(folder, there)))
        pending = secrets.hide_in_change(Engine(folder, there).preview(stack))
    change = secrets.hide_in_change(change)
    with tempfile.TemporaryDirectory(prefix="webtier-preview-") as folder:

        def preview(settings: bytes) -> Change:
            file = _file_of(settings, stack, folder)
            return secrets.hide_in_change(engine.preview(stack, "--config-file", str(file)))

        found = _causes(stack, base, change, pending, preview)
        return Compared(change, against, pending, found, pending.diagnostics, secrets)


def _judged(engine: Engine, stack: str, *options: str) -> Change:
    """The preview, looked at by the policies of the stack; that they could not look is a warning."""
    pack = PolicyPack()
    if not pack.is_for(stack):
        return engine.preview(stack, *options)
    if pack.is_installed():
        return engine.preview(stack, *options, *pack.options(stack))
    change = engine.preview(stack, *options)
    warning = Diagnostic(
        Severity.WARNING, "The policies did not look at this change. Install them with `make policies`."
    )
    return replace(change, diagnostics=(*change.diagnostics, warning))


def _causes(
    stack: str, base: Base, change: Change, pending: Change | None, preview: Callable[[bytes], Change]
) -> tuple[Cause, ...]:
    before, after = base.settings(stack), settings_file(stack).read_bytes()
    if before is None or not change.succeeded or (pending is not None and not pending.succeeded):
        return ()
    differences = list(changed_settings(before, after))
    return causes(change, pending, Sides(before, after, differences, base.code_differs()), preview)


def environment_of_state(stack: str) -> Mapping[str, str] | None:
    """What the engine needs besides to find the stack's state; None where nobody says where it is."""
    if stack == LOCAL:
        # Of all stacks this one alone is on the embedded cluster: previews of the others go without that package.
        from operations.local import LocalStack

        local = LocalStack.from_environment()
        if local.is_prepared():
            return local.environment()
    return {} if names_a_backend(os.environ) else None


def drift_of_live_objects(stack: str, environment: Mapping[str, str]) -> Drifted | None:
    """None where the stack has no state that is known, or its cluster does not answer: a preview needs neither."""
    own = environment_of_state(stack)
    if own is None:
        return None
    try:
        return look(stack, {**environment, **own})
    except UserError:
        return None


def _imports_from(folder: Path) -> Mapping[str, str]:
    """The base's own components, and not those that are installed, which are of this version."""
    return {"PYTHONPATH": str(folder / "components")}


def _without_state(scratch: ScratchStack, base: Base | None) -> Compared:
    password_file = scratch.folder / "redis-password"
    password_file.write_text(PLACEHOLDER)
    of_no_machine = {
        "WEBTIER_KUBECONFIG": str(scratch.folder / "no-cluster"),
        WITHOUT_CLUSTER: "true",
        "WEBTIER_REDIS_PASSWORD_FILE": str(password_file),
    }
    environment = {**scratch.environment, **of_no_machine}
    planned = None if base is None else _plan(scratch, base, environment)
    settings = scratch.hand_over(settings_file(scratch.name), needs_password=True)
    change = _judged(Engine(PROJECT, environment), scratch.name, "--config-file", str(settings))
    # What this is compared with says so already.
    change = change.without_diagnostic(NOT_LOOKED_AT)
    if base is not None and planned is not None:
        one_at_a_time = threading.Lock()

        def preview(settings: bytes) -> Change:
            file = _file_of(settings, scratch.name, scratch.folder)
            with one_at_a_time:
                # What it writes is overwritten by the next.
                given = Path(shutil.copy(scratch.hand_over(file, needs_password=True), file))
            return without_undeployed(Engine(PROJECT, environment).preview(scratch.name, "--config-file", str(given)))

        change = without_undeployed(change)
        against = f"the base's program and not what runs, with placeholders for secrets: {_NO_BACKEND}"
        found = _causes(scratch.name, base, change, None, preview)
        return Compared(change, against, causes=found, of_base=planned.diagnostics)
    return Compared(change, f"an empty state, with placeholders for secrets: {_NO_BACKEND}")


def _file_of(settings: bytes, stack: str, folder: str | Path) -> Path:
    """A settings file in a folder of its own, since several are previewed at a time."""
    file = Path(tempfile.mkdtemp(dir=folder)) / settings_file(stack).name
    file.write_bytes(settings)
    return file


def _plan(scratch: ScratchStack, base: Base, environment: Mapping[str, str]) -> Change | None:
    """Makes what the base's program plans the state, and returns it; None where there is no plan, and so no state."""
    if base.settings(scratch.name) is None:
        return None
    plan, state = scratch.folder / "plan.json", scratch.folder / "state.json"
    with base.program() as folder:
        settings = scratch.hand_over(folder / settings_file(scratch.name).name, needs_password=True)
        engine = Engine(folder, {**environment, **_imports_from(folder)})
        options = ("--config-file", str(settings), "--save-plan", str(plan))
        planned = engine.preview(scratch.name, *options)
        if not planned.succeeded:
            return None
    pulumi = Pulumi(scratch.folder, environment)
    exported = pulumi.run("stack", "export", "--stack", scratch.name)
    state.write_text(planned_state(plan.read_text(), exported))
    pulumi.run("stack", "import", "--stack", scratch.name, "--file", str(state), failure="The plan is no state")
    return planned
