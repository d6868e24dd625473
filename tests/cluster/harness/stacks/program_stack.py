"""Pulumi programs beside the stack `local`: on its cluster and with its engine, with a state of their own."""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import automation

from command_line import pulumi_installation
from devcluster.plan import CONTEXT
from environment.field_manager import use_one_field_manager
from operations.local import PASSPHRASE, LocalStack
from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import Tier


class ProgramStack:
    """A stack that a test deploys and destroys. `outputs` are those of the last `up`.

    `namespaces` are all that it makes or may have left, and `ingress_classes` likewise.
    """

    def __init__(
        self, tier: Tier, stack: automation.Stack, *namespaces: str, ingress_classes: Sequence[str] = ()
    ) -> None:
        self.tier = tier
        self.outputs = dict[str, Any]()
        self._stack = stack
        self._namespaces, self._ingress_classes = namespaces, ingress_classes

    def up(self, **options: Any) -> Mapping[str, int]:
        """Deploys, and says how many resources were created, left the same, and so on."""
        done = self._stack.up(on_output=print, **options)
        self.outputs = {name: output.value for name, output in done.outputs.items()}
        return _counts(done.summary.resource_changes)

    def preview(self) -> Mapping[str, int]:
        """What an `up` would do, in the same words."""
        return _counts(self._stack.preview(on_output=print).change_summary)

    def resources(self) -> list[dict[str, Any]]:
        """What the state says of each."""
        exported = self._stack.export_stack().deployment
        assert exported is not None
        return exported["resources"]

    def destroy(self) -> None:
        try:
            self._stack.destroy(on_output=print)
        except automation.CommandError as error:
            # As its message says: API servers look only once a second whether the guard is gone.
            if "`pulumi destroy` takes this guard away first" not in str(error):
                raise
            self._stack.destroy(on_output=print)

    def remove(self) -> None:
        """All of it, by other means than the engine's."""
        remove_stack(self.tier, *self._namespaces, ingress_classes=self._ingress_classes)

    @contextmanager
    def deployed(self, *, destroy: bool = True) -> Generator[Self]:
        """Deployed where nothing of an earlier run is left, and removed in the end, also when it could not be deployed.

        Without `destroy` the engine has no part in that: of many objects it takes a minute more.
        """
        self.remove()
        with ExitStack() as ending:
            ending.callback(self.remove)
            if destroy:
                ending.callback(self.destroy)
            self.up()
            yield self


def _counts(changes: Mapping[automation.OpType, int] | None) -> dict[str, int]:
    return {automation.OpType(operation).value: count for operation, count in (changes or {}).items()}


def inline_stack(tier: Tier, name: str, folder: Path, project: str, program: Callable[[], None]) -> automation.Stack:
    """A stack of a program in this process; its state is below `folder`."""
    options = _options(tier, folder)
    options.work_dir = str(folder)
    options.project_settings = automation.ProjectSettings(name=project, runtime="python")
    return automation.create_or_select_stack(name, project_name=project, program=program, opts=options)


def stack_of_folder(
    tier: Tier, name: str, folder: Path, program: Path, *, python: Path | None = None
) -> automation.Stack:
    """A stack of the program in the folder `program`, which gets its settings file; its state is below `folder`.

    `python` is the folder of another Python than this one, which is to run the program.
    """
    options = _options(tier, folder)
    if python is not None:
        variables = options.env_vars or {}
        options.env_vars = {**variables, "PATH": f"{python}{os.pathsep}{variables['PATH']}"}
    return automation.create_or_select_stack(name, work_dir=str(program), opts=options)


def provider(tier: Tier) -> kubernetes.Provider:
    """For an inline program, as the stack `local` has it."""
    use_one_field_manager(pulumi.get_stack())
    return kubernetes.Provider(
        "cluster",
        kubeconfig=str(tier.paths.kubeconfig),
        context=CONTEXT,
        enable_server_side_apply=True,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def _options(tier: Tier, folder: Path) -> automation.LocalWorkspaceOptions:
    (folder / "state").mkdir(parents=True, exist_ok=True)
    variables = {
        **LocalStack(tier.paths).environment(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        # Said in the project alone, it would give way to a shell's, which is that of the stack `local`.
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
    }
    return automation.LocalWorkspaceOptions(env_vars=variables, pulumi_command=_engine(tier, folder))


def _engine(tier: Tier, folder: Path) -> automation.PulumiCommand:
    """The engine of the stack `local`, which need not be on this process' PATH."""
    found = pulumi_installation.find(tier.paths)
    assert found, "there is no engine: `make up` builds it"
    link = folder / "engine" / "bin" / "pulumi"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(found.pulumi)
    return automation.PulumiCommand(root=str(folder / "engine"))
