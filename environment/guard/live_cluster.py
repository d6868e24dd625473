"""A look at the cluster before anything is sent to it.

The Kubernetes provider itself is asked, in a process of its own, as the engine asks it: so what is looked at is what
the deployment goes to, whatever the kubeconfig says about logging in.
"""

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import yaml
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from environment.settings.plain_data import as_list, as_object, value_at

SECONDS = 30.0
"""How long the provider may take for an answer; logging in at a cloud can take a while."""

_SYSTEM = "kube-system"
"""Every cluster has it, and it can't be deleted: its UID is the cluster's identity."""

_LARGEST_ANSWER = 64 * 2**20


class NotLookedAtError(Exception):
    """The cluster can't be looked at; says why."""


@dataclass(frozen=True)
class LiveNamespace:
    """A namespace as it is. `managers` are those that have written to it, as Kubernetes names them."""

    uid: str
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    managers: tuple[str, ...] = ()
    is_being_deleted: bool = False


@dataclass(frozen=True)
class LiveCluster:
    """`uid` is that of its namespace `kube-system`; `namespaces` are those of the names asked for that exist."""

    uid: str
    namespaces: Mapping[str, LiveNamespace] = field(default_factory=dict[str, LiveNamespace])


def look_at_cluster(kubeconfig: str, context: str, names: Iterable[str]) -> LiveCluster:
    """`kubeconfig` is a path, empty for what kubectl takes. NotLookedAtError when there is no answer."""
    with _provider() as provider:
        arguments = {"context": context, "enableServerSideApply": "true"}
        arguments |= {"kubeconfig": kubeconfig} if kubeconfig else {}
        given = struct_pb2.Struct()
        given.update(arguments)
        # The provider reads these, and not `args`; the engine sends both.
        variables = {f"kubernetes:config:{key}": value for key, value in arguments.items()}
        configuration = provider_pb2.ConfigureRequest(args=given, variables=variables, acceptSecrets=True)
        try:
            provider.Configure(configuration, timeout=SECONDS)
            read = ((name, _read(provider, name)) for name in (_SYSTEM, *names))
            found = {name: namespace for name, namespace in read if namespace is not None}
        except grpc.RpcError as error:
            raise NotLookedAtError(_why_not(kubeconfig, context, error)) from None
    if _SYSTEM not in found:
        raise NotLookedAtError(f"it has no namespace {_SYSTEM}")
    return LiveCluster(found.pop(_SYSTEM).uid, found)


@contextmanager
def _provider() -> Generator[Any]:
    """The stub of a provider of its own; the SDK has no types for it."""
    # An engine's address is asked for; nothing listens at this one, and what the provider logs there is lost.
    words = [str(_plugin()), "127.0.0.1:1"]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            port = process.stdout.readline().decode().strip() if process.stdout else ""
            if not port.isdecimal():
                raise NotLookedAtError(f"the Kubernetes provider {words[0]} does not start")
            options = [("grpc.max_receive_message_length", _LARGEST_ANSWER)]
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
                yield provider_pb2_grpc.ResourceProviderStub(channel)
        finally:
            process.kill()


def _plugin() -> Path:
    """Where the engine has installed it, or on PATH, in the version that the program's resources are of."""
    version = importlib.metadata.version("pulumi-kubernetes")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    name = "pulumi-resource-kubernetes"
    installed = home / "plugins" / f"resource-kubernetes-v{version}" / name
    found = installed if installed.exists() else shutil.which(name)
    if found is None:
        raise NotLookedAtError(
            f"the Kubernetes provider is not in {installed.parent}; pulumi plugin install resource kubernetes "
            f"v{version} puts it there"
        )
    return Path(found)


def _read(provider: Any, name: str) -> LiveNamespace | None:
    urn = f"urn:pulumi:look::webtier::kubernetes:core/v1:Namespace::{name}"
    answer = provider.Read(provider_pb2.ReadRequest(id=name, urn=urn), timeout=SECONDS)
    if not answer.id:
        return None
    metadata = MessageToDict(answer.properties.fields["metadata"].struct_value)
    return LiveNamespace(
        uid=metadata["uid"],
        annotations=metadata.get("annotations", {}),
        managers=tuple(sorted({str(entry.get("manager")) for entry in metadata.get("managedFields", [])})),
        is_being_deleted="deletionTimestamp" in metadata,
    )


def _why_not(kubeconfig: str, context: str, error: grpc.RpcError) -> str:
    """Of a right that is missing the provider says which; what is wrong with a kubeconfig can be seen in it."""
    paths = [kubeconfig] if kubeconfig else (os.environ.get("KUBECONFIG") or "~/.kube/config").split(os.pathsep)
    files = [path for path in (Path(text).expanduser() for text in paths if text) if path.is_file()]
    if not files:
        return f"there is no kubeconfig {' or '.join(paths)}"
    contexts = sorted({name for file in files for name in _contexts(file)})
    if context not in contexts:
        known = f"has no such context, but: {', '.join(contexts)}" if contexts else "has no contexts at all"
        return f"the kubeconfig {' and '.join(map(str, files))} {known}"
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"it has not answered within {SECONDS:.0f} s"
    if " is forbidden: " in (said := error.details() or ""):
        return f"{said}; to be deployed it has to let you get its namespace {_SYSTEM} and those of the stack"
    return "its API server does not answer, or refuses who asks"


def _contexts(file: Path) -> list[str]:
    try:
        parsed = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    entries = as_list(value_at(as_object(parsed) or {}, "contexts")) or []
    return [name for entry in entries if isinstance(name := value_at(entry, "name"), str)]
