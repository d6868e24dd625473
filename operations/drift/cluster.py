"""The live objects, as kubectl reads them with the stack's own context."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from command_line.errors import UserError
from operations.drift.recorded import Place, RecordedStack

_SECONDS, _SECONDS_OF_REQUEST, _SECONDS_OF_FIRST = 300, 60, 20
"""How long kubectl may take in all, and the API server for one request, and for the first one."""
_FORBIDDEN = re.compile(r'cannot (?:get|list) resource "([^"]+)" in API group "([^"]*)"')
_ANSWERED = re.compile(r"^(Warning: |Error from server \(NotFound\))")
_OTHERS_WORK = frozenset(
    {
        "Event",
        "Endpoints",
        "EndpointSlice",
        "Lease",
        "ReplicaSet",
        "ControllerRevision",
        "PodTemplate",
        "CSIStorageCapacity",
        "PodMetrics",
    }
)
"""Kinds that controllers write by the hundred, and nobody by hand; unless a state has them they are not read."""


@dataclass(frozen=True)
class _Resource:
    name: str
    version: str
    is_namespaced: bool


@dataclass(frozen=True)
class LiveObjects:
    """Those that could be read. `unreadable` are the kinds, by group and kind, that the credential may not read."""

    objects: Mapping[Place, Mapping[str, Any]]
    unreadable: frozenset[tuple[str, str]] = field(default=frozenset())


@dataclass(frozen=True)
class Kubectl:
    """`kubeconfig` is a path, empty for what kubectl takes by itself."""

    context: str
    kubeconfig: str
    environment: Mapping[str, str]

    def read(self, stack: RecordedStack) -> LiveObjects:
        """All of the stack's objects that are there, and all else in its namespaces that is not a controller's.

        UserError where there is no answer, or where it is another cluster than that of the state.
        """
        self._check_cluster(stack)
        served = self._served({each.place.group for each in stack.objects})
        versions = {(each.place.group, each.place.kind): each.version for each in stack.objects}
        found: list[Mapping[str, Any]] = []
        unreadable: set[tuple[str, str]] = set()

        def take(words: Sequence[str]) -> None:
            items, forbidden = self._get(words)
            found.extend(items)
            names = {(resource.name, group): (group, kind) for (group, kind), resource in served.items()}
            unreadable.update(names.get(each, (each[1], each[0])) for each in forbidden)

        listed = [
            _word(group, resource, versions.get((group, kind)))
            for (group, kind), resource in sorted(served.items())
            if resource.is_namespaced and (kind not in _OTHERS_WORK or (group, kind) in versions)
        ]
        for namespace in stack.namespaces:
            take(["--namespace", namespace, ",".join(listed)])
        named = [
            f"{_word(each.place.group, resource, each.version)}/{each.place.name}"
            for each in stack.objects
            if (resource := served.get((each.place.group, each.place.kind))) and not resource.is_namespaced
        ]
        if named:
            take(["--ignore-not-found", *named])
        return LiveObjects({_place(each): each for each in found}, frozenset(unreadable))

    def _check_cluster(self, stack: RecordedStack) -> None:
        # By its path: for a name kubectl would first ask what there is, again and again where nobody answers.
        namespace = json.loads(self._run("get", "--raw=/api/v1/namespaces/kube-system", seconds=_SECONDS_OF_FIRST))
        uid = namespace["metadata"]["uid"]
        if stack.cluster not in ("", uid):
            raise UserError(
                f"The context '{self.context}' leads to the cluster {uid}, and the stack is in {stack.cluster} (UIDs "
                "of kube-system). Give the kubeconfig of the stack's own cluster, with KUBECONFIG."
            )

    def _served(self, needed: Iterable[str]) -> dict[tuple[str, str], _Resource]:
        """What the cluster has, by group and kind; of each the version that it prefers.

        An API that another server answers for, and that is away, matters only if it is among the `needed` groups.
        """
        done = self._attempt("api-resources", "--verbs=list", "--no-headers")
        if done.returncode != 0 and (not done.stdout or any(f" {group}/" in done.stderr for group in needed if group)):
            raise UserError(f"The cluster of the context '{self.context}' does not say what it has: {_messages(done)}")
        found: dict[tuple[str, str], _Resource] = {}
        for line in done.stdout.splitlines():
            # A short name may be missing, and so what is behind it is counted from the end.
            name, *_, version, namespaced, kind = line.split()
            group, _, version = version.rpartition("/")
            found.setdefault((group, kind), _Resource(name, version, namespaced == "true"))
        return found

    def _get(self, words: Iterable[str]) -> tuple[list[Mapping[str, Any]], set[tuple[str, str]]]:
        done = self._attempt("get", "--output=json", "--show-managed-fields", *words)
        said = [line for line in done.stderr.splitlines() if line.strip() and not _ANSWERED.match(line)]
        forbidden = {(match[1], match[2]) for line in said if (match := _FORBIDDEN.search(line))}
        if done.returncode != 0 and (len(said) == 0 or not all(map(_FORBIDDEN.search, said))):
            raise UserError(f"kubectl can't read the stack's objects: {_messages(done)}")
        answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {"items": []}
        return answer["items"] if answer.get("kind", "List") == "List" else [answer], forbidden

    def _run(self, *words: str, seconds: int) -> str:
        done = self._attempt(*words, seconds=seconds)
        if done.returncode != 0:
            raise UserError(f"The cluster of the context '{self.context}' can't be looked at: {_messages(done)}")
        return done.stdout

    def _attempt(self, *words: str, seconds: int = _SECONDS_OF_REQUEST) -> subprocess.CompletedProcess[str]:
        where = ["--context", self.context] if self.context else []
        where += ["--kubeconfig", self.kubeconfig] if self.kubeconfig else []
        try:
            return subprocess.run(
                ["kubectl", *where, f"--request-timeout={seconds}s", *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise UserError("kubectl is not on PATH. Install it: it reads the live objects.") from None
        except subprocess.TimeoutExpired:
            raise UserError(f"kubectl has not ended within {_SECONDS} s: `kubectl {' '.join(words)}`.") from None


def kubectl_of(stack: RecordedStack, environment: Mapping[str, str]) -> Kubectl:
    """With what the stack was deployed with; a kubeconfig that is not on this machine gives way to kubectl's own."""
    is_here = stack.kubeconfig and "\n" not in stack.kubeconfig and Path(stack.kubeconfig).is_file()
    return Kubectl(stack.context, stack.kubeconfig if is_here else "", environment)


def _word(group: str, resource: _Resource, version: str | None) -> str:
    """As kubectl takes a kind in one version, that of the state where it has any; the core's group is empty."""
    return f"{resource.name}.{version or resource.version}.{group}"


def _place(live: Mapping[str, Any]) -> Place:
    metadata = live["metadata"]
    group = live["apiVersion"].rpartition("/")[0]
    return Place(group, live["kind"], metadata.get("namespace", ""), metadata["name"])


def _messages(done: subprocess.CompletedProcess[str]) -> str:
    """What kubectl said, each line once: it repeats what it tries again."""
    lines = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
    return "\n".join(dict.fromkeys(lines)) or f"it ended with exit code {done.returncode}"
