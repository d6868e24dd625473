"""What the cluster's tests remove, and in which order: of their own stacks alone, and guards before what they guard."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.cluster.harness.stacks.removal import remove_stack
from tests.cluster.harness.tier import Tier

FOUND = (
    "validatingwebhookconfiguration.admissionregistration.k8s.io/shop-ingress-admission",
    "validatingadmissionpolicy.admissionregistration.k8s.io/shop-shards",
    "validatingadmissionpolicy.admissionregistration.k8s.io/other-shards",
    "clusterrole.rbac.authorization.k8s.io/system:shop-role",
    "persistentvolume/shop-data-redis-0",
    "persistentvolume/shopping-data-redis-0",
)


class Recorder:
    """In the place of a Tier: lists FOUND, refuses to delete StatefulSets once, and notes all else."""

    def __init__(self, var: Path) -> None:
        self.deleted: list[str] = []
        self.cluster = SimpleNamespace(nodes=[SimpleNamespace(var=var)])
        self._refusals = 1

    def kubectl(self, *words: str, timeout: float = 120) -> str:
        assert timeout >= 120
        if words[0] == "get":
            kinds = tuple(kind.removesuffix("s").removesuffix("ie") for kind in words[1].split(","))
            return "\n".join(name for name in FOUND if name.startswith(kinds))
        told = " ".join(word for word in words[1:] if not word.startswith("--timeout"))
        if "statefulsets" in told and self._refusals:
            self._refusals -= 1
            raise AssertionError("a policy that is gone is asked for a moment")
        self.deleted.append(told)
        return ""


@pytest.mark.parametrize("graceful", [False, True])
def test_only_what_is_called_after_a_namespace_goes_and_its_guards_go_first(tmp_path: Path, graceful: bool) -> None:
    data = [tmp_path / "lib" / "webtier-volumes" / name for name in ("shop", "other")]
    for folder in data:
        folder.mkdir(parents=True)
    recorder = Recorder(tmp_path)
    remove_stack(cast("Tier", recorder), "shop", "shop-ingress", ingress_classes=["shop-class"], graceful=graceful)
    pods = [
        f"{what} -n {namespace}"
        for namespace in ("shop", "shop-ingress")
        for what in ("deployments,statefulsets --all", "pods --all --force")
    ]
    assert recorder.deleted == [
        f"{FOUND[0]} {FOUND[1]} ingressclass/shop-class --ignore-not-found",
        *([] if graceful else pods),
        "namespace shop shop-ingress --ignore-not-found",
        "persistentvolume/shop-data-redis-0 --ignore-not-found",
    ]
    assert [folder.exists() for folder in data] == [False, True]
