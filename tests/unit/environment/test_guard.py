"""What is refused before anything is sent: another cluster, and namespaces that are not the stack's own."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2

from environment.guard import cluster_ownership, live_cluster
from environment.guard.cluster_ownership import MADE_BY, Standing, examine
from environment.guard.live_cluster import LiveCluster, LiveNamespace, NotLookedAtError, look_at_cluster
from environment.guard.own_state import Identity, OwnState, RecordedNamespace, parse_own_state
from environment.settings.loading import parse_settings
from environment.settings.model import EnvironmentSettings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from tests.unit.environment.stack_files import as_engine_text, stack_config
from tests.unit.harness.recording import run_recorded

HERE = "uid-of-here"
ID = "0123456789abcdef"
KNOWN = OwnState(Identity(HERE, ID))
THEIRS = LiveNamespace("uid-of-theirs", managers=("helm", "kubectl-create"))
OURS = LiveNamespace("uid-of-ours", {MADE_BY: f"prod/{ID}"})
LEGACY = LiveNamespace("uid-of-legacy", managers=("webtier-prod",))


def settings(**changes: Any) -> EnvironmentSettings:
    values = as_engine_text({**stack_config("prod"), **changes})
    return parse_settings(RawConfig(values, frozenset({"redis_password"})), "prod", {})


def examined(
    monkeypatch: pytest.MonkeyPatch,
    given: EnvironmentSettings,
    state: OwnState = KNOWN,
    namespaces: Mapping[str, LiveNamespace] | None = None,
    *,
    uid: str = HERE,
    preview: bool = False,
    why_not: str | None = None,
) -> Standing:
    def look(_kubeconfig: str, _context: str, names: list[str]) -> LiveCluster:
        if why_not:
            raise NotLookedAtError(why_not)
        return LiveCluster(uid, {name: each for name, each in (namespaces or {}).items() if name in names})

    monkeypatch.setattr(cluster_ownership, "look_at_cluster", look)
    monkeypatch.setattr(cluster_ownership, "read_own_state", lambda: state)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")
    return examine(given)


def test_a_first_update_into_a_cluster_without_the_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = examined(monkeypatch, settings(), OwnState())
    assert standing.identity.cluster == HERE
    assert len(standing.identity.stack) == 16
    assert standing.adopted == frozenset()


def test_a_namespace_of_somebody_elses_is_refused_by_name_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"webtier": THEIRS, "ingress-nginx": LiveNamespace("x", {MADE_BY: "dev/ffff"})}
    with pytest.raises(SettingsError) as refused:
        examined(monkeypatch, settings(), namespaces=found)
    report = str(refused.value)
    assert 'webtier:namespace = "webtier"' in report
    assert "written to by: helm, kubectl-create" in report
    assert "webtier:adopt_namespace: true" in report
    assert 'webtier:ingress.namespace = "ingress-nginx"' in report
    assert "the stack 'dev' has" in report
    assert "webtier:ingress.adopt_namespace: true" in report


def test_it_may_be_adopted_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = examined(monkeypatch, settings(adopt_namespace=True), namespaces={"webtier": THEIRS})
    assert standing.adopted == {"webtier"}


def test_an_adopted_one_does_not_become_the_stacks_own_when_the_setting_is_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = replace(KNOWN, namespaces={"webtier": RecordedNamespace(THEIRS.uid, is_made=False)})
    with pytest.raises(SettingsError, match="has not made it"):
        examined(monkeypatch, settings(), state, {"webtier": THEIRS})


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (KNOWN, OURS),
        (OwnState(namespaces={"webtier": RecordedNamespace(LEGACY.uid, is_made=True)}), LEGACY),
    ],
    ids=["cut off before it was in the state", "made by a version without marks"],
)
@pytest.mark.parametrize("adopt", [True, False])
def test_its_own_stays_its_own(
    monkeypatch: pytest.MonkeyPatch, state: OwnState, found: LiveNamespace, adopt: bool
) -> None:
    standing = examined(monkeypatch, settings(adopt_namespace=adopt), state, {"webtier": found})
    assert standing.adopted == frozenset()


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (OwnState(Identity(HERE, "another")), OURS),
        (OwnState(), LEGACY),
        (replace(KNOWN, namespaces={"webtier": RecordedNamespace("deleted since", is_made=True)}), THEIRS),
    ],
    ids=["its state is lost, or is another's", "the same of a version without marks", "made anew by somebody else"],
)
def test_a_namespace_that_only_looks_like_its_own_is_refused(
    monkeypatch: pytest.MonkeyPatch, state: OwnState, found: LiveNamespace
) -> None:
    with pytest.raises(SettingsError, match="has not made it"):
        examined(monkeypatch, settings(), state, {"webtier": found})


def test_one_that_is_being_deleted_has_to_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="is being deleted"):
        examined(monkeypatch, settings(), namespaces={"webtier": replace(OURS, is_being_deleted=True)})


@pytest.mark.parametrize("preview", [True, False])
def test_another_cluster_behind_the_context_is_refused_with_both(
    monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    with pytest.raises(SettingsError) as refused:
        examined(monkeypatch, settings(), uid="uid-of-there", preview=preview)
    report = str(refused.value)
    assert "webtier:context" in report
    assert f"the stack's cluster is {HERE}, and the one behind this context is uid-of-there" in report
    assert "pulumi config set webtier:move_to_cluster uid-of-there" in report


def test_a_move_is_meant_for_one_cluster_and_leaves_no_object_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    meant = settings(move_to_cluster="uid-of-there")
    assert examined(monkeypatch, meant, uid="uid-of-there").identity == Identity("uid-of-there", ID)
    assert examined(monkeypatch, meant).identity == Identity(HERE, ID)
    with pytest.raises(SettingsError, match="the one behind this context is a-third"):
        examined(monkeypatch, meant, uid="a-third")
    with pytest.raises(SettingsError, match=r"webtier:move_to_cluster(.|\n)*still has 7 objects(.|\n)*pulumi refresh"):
        examined(monkeypatch, meant, replace(KNOWN, objects=7), uid="uid-of-there")


def test_a_preview_needs_no_cluster_and_says_that_it_has_not_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    made = {"webtier": RecordedNamespace("x", is_made=True), "ingress-nginx": RecordedNamespace("y", is_made=False)}
    given = settings(adopt_namespace=True)
    standing = examined(monkeypatch, given, replace(KNOWN, namespaces=made), preview=True, why_not="it sleeps")
    assert standing == Standing(Identity(HERE, ID), frozenset({"ingress-nginx"}))
    assert "was not looked at: it sleeps" in said[0]
    with pytest.raises(SettingsError, match="can't be looked at: it sleeps"):
        examined(monkeypatch, given, why_not="it sleeps")


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public", "kube-node-lease", "kube-anything"])
def test_kubernetes_own_namespaces_are_refused_even_to_adopt(name: str) -> None:
    ingress = {**stack_config("prod")["ingress"], "namespace": name, "adopt_namespace": True}
    for key, changes in (
        ("namespace", {"namespace": name, "adopt_namespace": True}),
        ("ingress", {"ingress": ingress}),
    ):
        with pytest.raises(SettingsError) as refused:
            settings(**changes)
        assert [problem.place[0] for problem in refused.value.problems] == [key]
        assert "one of Kubernetes' own namespaces" in str(refused.value)


def test_the_state_is_read_from_the_engines_answer() -> None:
    def namespace(name: str, given: dict[str, Any]) -> dict[str, Any]:
        outputs = {"metadata": {"name": name, "uid": f"uid-of-{name}", "labels": {"a": "b"}}}
        return {"type": "kubernetes:core/v1:Namespace", "outputs": {**outputs, "__inputs": {"metadata": given}}}

    answer = struct_pb2.Struct()
    answer.update(
        {
            "outputs": {
                "urn:pulumi:s::p::pulumi:index:Stash::identity": {
                    "type": "pulumi:index:Stash",
                    "outputs": {"input": {"cluster": HERE, "stack": ID}, "output": {"cluster": "before"}},
                },
                "urn:pulumi:s::p::kubernetes:core/v1:Namespace::a": namespace("a", {"name": "a", "labels": {"x": "y"}}),
                "urn:pulumi:s::p::kubernetes:core/v1:Namespace::b": namespace("b", {"name": "b"}),
                "urn:pulumi:s::p::webtier:index:WebService::c": {"type": "webtier:index:WebService", "outputs": {}},
            }
        }
    )
    recorded = {"a": RecordedNamespace("uid-of-a", is_made=True), "b": RecordedNamespace("uid-of-b", is_made=False)}
    assert parse_own_state(answer) == OwnState(Identity(HERE, ID), recorded, 2)
    assert parse_own_state(struct_pb2.Struct()) == OwnState()


def test_an_adopted_namespace_is_registered_with_its_name_alone_and_kept() -> None:
    def namespaces(adopted: frozenset[str], **changes: Any) -> dict[str, Any]:
        given = settings(**changes)
        from environment.tier import build_tier

        recording = run_recorded(lambda: build_tier(given, Standing(Identity(HERE, ID), adopted)), stack="prod")
        return {each.name: each for each in recording.of_type("kubernetes:core/v1:Namespace")}

    adopted = namespaces(frozenset({"webtier"}), adopt_namespace=True)
    assert adopted["webtier"].inputs["metadata"] == {"name": "webtier"}
    assert adopted["webtier"].options.retainOnDelete
    own = adopted["ingress-nginx"]
    assert own.inputs["metadata"]["annotations"][MADE_BY] == f"prod/{ID}"
    assert not own.options.retainOnDelete
    assert own.dependencies == {"identity"}
    made = namespaces(frozenset(), adopt_namespace=True)
    assert made["webtier"].urn == adopted["webtier"].urn
    assert made["webtier"].options.retainOnDelete
    assert "pod-security.kubernetes.io/enforce" in made["webtier"].inputs["metadata"]["labels"]


def test_why_a_cluster_can_not_be_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotLookedAtError, match="pulumi plugin install resource kubernetes v"):
        look_at_cluster("", "here", [])
    kubeconfig = tmp_path / "kubeconfig"
    error = live_cluster.grpc.RpcError()
    error.code = lambda: live_cluster.grpc.StatusCode.UNKNOWN
    error.details = lambda: "failed to read resource state due to unreachable cluster"
    assert "there is no kubeconfig" in live_cluster._why_not(str(kubeconfig), "here", error)  # pyright: ignore[reportPrivateUsage]
    kubeconfig.write_text(json.dumps({"contexts": [{"name": "there"}]}))
    assert "has no such context, but: there" in live_cluster._why_not(str(kubeconfig), "here", error)  # pyright: ignore[reportPrivateUsage]
    assert "does not answer" in live_cluster._why_not(str(kubeconfig), "there", error)  # pyright: ignore[reportPrivateUsage]
    kubeconfig.write_text("")
    assert "has no contexts at all" in live_cluster._why_not(str(kubeconfig), "there", error)  # pyright: ignore[reportPrivateUsage]


def test_a_right_that_is_missing_is_named(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps({"contexts": [{"name": "here"}]}))
    said = 'namespaces "kube-system" is forbidden: User "deployer" cannot get resource "namespaces" in API group ""'
    error = live_cluster.grpc.RpcError()
    error.code = lambda: live_cluster.grpc.StatusCode.UNKNOWN
    error.details = lambda: said
    reason = live_cluster._why_not(str(kubeconfig), "here", error)  # pyright: ignore[reportPrivateUsage]
    assert reason.startswith(said)
    assert "get its namespace kube-system and those of the stack" in reason
