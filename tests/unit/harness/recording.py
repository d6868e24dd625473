"""Runs a Pulumi program without an engine and records all that it registers.

    recording = run_recorded(lambda: RedisCluster("redis", args))
    shard = recording.one("kubernetes:apps/v1:StatefulSet", "redis-shard-0")
    assert shard.inputs["spec"]["replicas"] == 2

Nothing is a preview: every output is known, so an assertion can't pass on an unknown one.
"""

import asyncio
import contextvars
import gc
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from pulumi.runtime import rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.settings import ROOT, Settings, configure
from pulumi.runtime.stack import run_in_stack
from typing_extensions import override

from environment.guard import cluster_ownership
from environment.guard.live_cluster import LiveCluster
from environment.guard.own_state import IDENTITY
from environment.settings.plain_data import as_list, as_object
from webtier.redis_cluster import shard_guard

AUTONAME_SUFFIX = "-auto"
"""What the mocked provider appends to a Kubernetes object that was given no `metadata.name`."""


@dataclass(frozen=True)
class Recorded:
    """One registered resource.

    `inputs` are plain values with the provider's own (camelCase) keys, secrets unwrapped;
    `secret_inputs` names the top-level inputs that hold a secret. `parent` is the parent's URN,
    "" for none. `options` is the registration request: `dependencies` (URNs), `protect`,
    `deleteBeforeReplace`, `ignoreChanges`, `customTimeouts`, `aliases`, `provider`, …
    """

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    urn: str
    secret_inputs: frozenset[str]
    options: Any = field(repr=False)

    @property
    def dependencies(self) -> set[str]:
        """The names of the resources that this one waits for."""
        return {urn.rsplit("::", 1)[1] for urn in self.options.dependencies}

    @property
    def parent_name(self) -> str | None:
        """The parent's name, None for none."""
        return self.parent.rsplit("::", 1)[1] if self.parent else None


@dataclass
class Recording:
    """What a program registered, exported and logged, in order.

    `exports` holds the stack's outputs, secrets unwrapped, and `secret_exports` the names of the
    secret ones. `outputs` holds what each component gave to `register_outputs`, by URN.
    """

    resources: list[Recorded] = field(default_factory=list[Recorded])
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    exports: dict[str, Any] = field(default_factory=dict[str, Any])
    secret_exports: frozenset[str] = frozenset()
    warnings: list[str] = field(default_factory=list[str])
    calls: list[MockCallArgs] = field(default_factory=list[MockCallArgs])

    def of_type(self, type_: str) -> list[Recorded]:
        """All resources of a type, such as `kubernetes:core/v1:Service`."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str) -> Recorded:
        """The one resource of that type and Pulumi name. AssertionError lists what there is."""
        found = [resource for resource in self.of_type(type_) if resource.name == name]
        assert len(found) == 1, (
            f"{len(found)} resources are {type_} '{name}'; of that type there are: "
            f"{sorted(resource.name for resource in self.of_type(type_))}; "
            f"types: {sorted({resource.type for resource in self.resources})}"
        )
        return found[0]


_CLUSTER = "uid-of-kube-system"
_STATE = {
    "outputs": {
        f"urn:pulumi:test::webtier::pulumi:index:Stash::{IDENTITY}": {
            "type": "pulumi:index:Stash",
            "outputs": {"input": {"cluster": _CLUSTER, "stack": "0123456789abcdef"}},
        }
    }
}
"""What a program finds when it asks for its own state: which cluster it is in, and nothing else."""


class _StubMocks(Mocks):
    """A provider that answers with what it was asked for, named as the real one would."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def call(self, args: MockCallArgs) -> Any:
        self._recording.calls.append(args)
        return _STATE if args.token == "pulumi:pulumi:readStackResourceOutputs" else {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        state: dict[str, Any] = dict(cast("Any", args).inputs)
        if args.typ.startswith("kubernetes:"):
            metadata: dict[str, Any] = _plain(state.get("metadata") or {})
            metadata.setdefault("name", args.name + AUTONAME_SUFFIX)
            state["metadata"] = metadata
        return f"{args.name}-id", state


class _RecordingMonitor(MockMonitor):
    """Keeps the whole request: a `Mocks` object is told neither parent nor options."""

    def __init__(self, recording: Recording, project: str, stack: str) -> None:
        super().__init__(_StubMocks(recording))
        self._recording = recording
        self._prefix = f"urn:pulumi:{stack}::{project}::"

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        # Requests are served on threads that do not know the context's project and stack.
        qualified = parent.split("::")[2] + "$" + type_ if parent else type_
        return f"{self._prefix}{qualified}::{name}"

    @override
    def RegisterResource(self, request: Any) -> Any:
        response = cast("Any", super()).RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object)
            self._recording.resources.append(
                Recorded(
                    type=request.type,
                    name=request.name,
                    inputs=_plain(inputs),
                    # The stack is everybody's parent in the end, and tells a test nothing.
                    parent="" if "::pulumi:pulumi:Stack::" in request.parent else request.parent,
                    urn=response.urn,
                    secret_inputs=_secret_keys(inputs),
                    options=request,
                )
            )
        return response

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = rpc.deserialize_properties(request.outputs)
        self._recording.outputs[request.urn] = _plain(outputs)
        if "::pulumi:pulumi:Stack::" in request.urn:
            self._recording.exports = _plain(outputs)
            self._recording.secret_exports = _secret_keys(outputs)
        return cast("Any", super()).RegisterResourceOutputs(request)


class _WarningsHandler(logging.Handler):
    def __init__(self, recording: Recording) -> None:
        super().__init__(logging.WARNING)
        self._recording = recording

    def emit(self, record: logging.LogRecord) -> None:
        self._recording.warnings.append(record.getMessage())


def run_recorded(
    program: Callable[[], Any],
    *,
    config: Mapping[str, str] | None = None,
    secret_config: Iterable[str] = (),
    project: str = "webtier",
    stack: str = "test",
) -> Recording:
    """Runs `program` as a stack's program, waits for every output, and says what it registered.

    `config` has full keys (`webtier:redis`) and text values, as the engine hands them over;
    `secret_config` names the secret ones. Raises what the program, or an `apply` in it, raised.
    """
    recording = Recording()
    # Pulumi keeps its state in context variables: a copied context leaves nothing behind.
    contextvars.copy_context().run(_run, program, recording, dict(config or {}), list(secret_config), project, stack)
    return recording


def _run(
    program: Callable[[], Any],
    recording: Recording,
    config: dict[str, str],
    secret_config: list[str],
    project: str,
    stack: str,
) -> None:
    logger = logging.Logger("recorded program", logging.WARNING)
    logger.addHandler(_WarningsHandler(recording))
    monitor = _RecordingMonitor(recording, project, stack)
    configure(Settings(project, stack, monitor, MockEngine(logger), dry_run=False, root_directory="."))
    ROOT.set(None)
    set_all_config(config, secret_config)

    def run_program() -> None:
        # A program's value (a component, mostly) is no coroutine for Pulumi to await.
        program()

    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        # There is no API server whose notice would have to be waited for.
        with (
            patch.object(shard_guard, "NOTICED_SECONDS", 0),
            patch.object(cluster_ownership, "look_at_cluster", return_value=LiveCluster(_CLUSTER)),
        ):
            loop.run_until_complete(run_in_stack(run_program))
    finally:
        _abandon_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _abandon_tasks(loop: asyncio.AbstractEventLoop) -> None:
    # After a program's error, tasks that wait for what never came would each write a stack trace
    # when they are collected, and bury the one error that the test is about.
    tasks = asyncio.all_tasks(loop)
    if not tasks:
        return
    loop.set_exception_handler(lambda _loop, _context: None)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    gc.collect()


def _secret_keys(properties: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(key for key, value in properties.items() if rpc.is_rpc_secret(value))


def _plain(value: Any) -> Any:
    """The value without Pulumi's wrappers around secrets."""
    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if (fields := as_object(value)) is not None:
        return {str(key): _plain(item) for key, item in fields.items()}
    if (items := as_list(value)) is not None:
        return [_plain(item) for item in items]
    if isinstance(value, float) and value.is_integer():
        # The wire knows only floats: 6379.0 in a failed assertion's message misleads.
        return int(value)
    return value
