"""What is live of a tier at one moment, and what has become of it between two."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx

from devcluster.plan import NODES
from tests.cluster.golden.golden_stack import HTTP_PORT
from tests.cluster.harness.tier import Tier, eventually, is_ready

_NAMESPACED = (
    "deployments,statefulsets,jobs,services,configmaps,secrets,ingresses,persistentvolumeclaims,serviceaccounts,roles,"
    "rolebindings,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers"
)
_WIDE = (
    "namespaces,persistentvolumes,storageclasses,ingressclasses,clusterroles,clusterrolebindings,"
    "validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings"
)
_NOT_ASKED_FOR = ("ServiceAccount/default", "ConfigMap/kube-root-ca.crt")
_OWN_ANNOTATIONS = ("deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.")
"""What Kubernetes' controllers write."""
_VOLATILE = ("resourceVersion", "generation", "managedFields", "creationTimestamp", "uid", "deletionTimestamp")

ORIGIN = "https://a.example"
"""Of the page that every request is said to come from."""


@dataclass(frozen=True)
class LiveObject:
    uid: str
    content: str
    """All that somebody has asked for, as text."""


@dataclass(frozen=True)
class Moment:
    """`objects` by `Kind namespace/name`; `pods` are UIDs, by `Kind namespace/name` of their workload."""

    objects: Mapping[str, LiveObject]
    pods: Mapping[str, frozenset[str]]
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Fate:
    """What has become of each object between two moments, as the words of the report have it."""

    created: frozenset[str]
    updated: frozenset[str]
    replaced: frozenset[str]
    deleted: frozenset[str]

    @classmethod
    def nothing(cls) -> "Fate":
        return cls(frozenset(), frozenset(), frozenset(), frozenset())

    @classmethod
    def between(cls, before: Moment, after: Moment) -> "Fate":
        old, new = before.objects, after.objects
        both = old.keys() & new.keys()
        replaced = {name for name in both if old[name].uid != new[name].uid}
        updated = {name for name in both - replaced if old[name].content != new[name].content}
        created, deleted = new.keys() - old.keys(), old.keys() - new.keys()
        return cls(*map(frozenset, (created, updated, replaced, deleted)))


def look(tier: Tier, namespaces: tuple[str, ...], urls: tuple[str, ...]) -> Moment:
    """What is there now in these namespaces and under names that begin like one of them."""
    items = [each for name in namespaces for each in tier.items(_NAMESPACED, "-n", name)]
    beginnings = tuple(f"{name}-" for name in namespaces)
    wide = [each for each in tier.items(_WIDE) if _is_own(each["metadata"]["name"], namespaces, beginnings)]
    found = {_name(each): LiveObject(each["metadata"]["uid"], _content(each)) for each in (*items, *wide)}
    objects = {name: each for name, each in found.items() if not _is_made_by_kubernetes(name)}
    pods: dict[str, set[str]] = {}
    for namespace in namespaces:
        for pod in tier.items("pods", "-n", namespace):
            if (owner := _workload(pod)) and "deletionTimestamp" not in pod["metadata"]:
                pods.setdefault(owner, set()).add(pod["metadata"]["uid"])
    answers = {url: _answer(url) for url in urls}
    return Moment(objects, {owner: frozenset(uids) for owner, uids in pods.items()}, answers)


def wait_until_settled(tier: Tier, namespaces: tuple[str, ...]) -> None:
    """Pods that have to end have ended, and the others are ready."""

    def check() -> None:
        pods = [each for name in namespaces for each in tier.items("pods", "-n", name)]
        late = [each["metadata"]["name"] for each in pods if _workload(each) and not is_ready(each)]
        assert not late, f"not settled: {', '.join(late)}"

    eventually(check, 180)


def _is_own(name: str, namespaces: tuple[str, ...], beginnings: tuple[str, ...]) -> bool:
    return name in namespaces or name.startswith(beginnings)


def _is_made_by_kubernetes(name: str) -> bool:
    kind, _, place = name.partition(" ")
    return f"{kind}/{place.rpartition('/')[2]}" in _NOT_ASKED_FOR


def _name(item: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
    return name_of(item["kind"], place)


def name_of(kind: str, place: str) -> str:
    """The name of an object here; of a Job without its end, which Pulumi makes up."""
    return f"{kind} {re.sub(r'-[0-9a-f]{8}$', '', place) if kind == 'Job' else place}"


def _content(item: Mapping[str, Any]) -> str:
    metadata = {name: value for name, value in item["metadata"].items() if name not in _VOLATILE}
    annotations = metadata.get("annotations", {})
    metadata["annotations"] = {
        name: value for name, value in annotations.items() if not name.startswith(_OWN_ANNOTATIONS)
    }
    metadata.pop("finalizers", None)
    body = {name: value for name, value in item.items() if name not in ("metadata", "status")}
    return repr(sorted(_flat({"metadata": metadata, **body})))


def _flat(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield from _flat(each, f"{path}.{name}")
    elif isinstance(value, list):
        for position, each in enumerate(cast("list[Any]", value)):
            yield from _flat(each, f"{path}[{position}]")
    else:
        yield f"{path}={value!r}"


def _workload(pod: Mapping[str, Any]) -> str:
    for owner in pod["metadata"].get("ownerReferences", ()):
        namespace, name = pod["metadata"]["namespace"], owner["name"]
        if owner["kind"] == "ReplicaSet":
            return f"Deployment {namespace}/{name.rpartition('-')[0]}"
        if owner["kind"] == "StatefulSet":
            return f"StatefulSet {namespace}/{name}"
    return ""


def _answer(url: str) -> str:
    """Status, redirect, service and whose pages may read it; what the controller has no answer for is told as well."""
    host, _, path = url.partition("/")
    try:
        got = httpx.get(
            f"http://{NODES[0].address}:{HTTP_PORT}/{path}", headers={"Host": host, "Origin": ORIGIN}, timeout=10
        )
    except httpx.HTTPError as error:
        return type(error).__name__
    cors = got.headers.get("access-control-allow-origin", "")
    return f"{got.status_code} {got.headers.get('location', '')} {got.text.strip()[:40]} {cors}"
