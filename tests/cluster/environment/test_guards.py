"""Nothing of somebody else's is touched: namespaces, clusters, and a deployment that is under way."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command_line.errors import UserError
from environment.guard.cluster_ownership import MADE_BY
from operations.locks import read_locks, refuse_if_locked
from tests.cluster.harness.stacks.project_stack import NAME, ProjectStack
from tests.cluster.harness.tier import Tier, eventually

THEIRS = "guarded-theirs"
OTHER_CLUSTER = "00000000-0000-0000-0000-000000000000"
UP = ("up", "--yes", "--skip-preview")
SECONDS = 60


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectStack]:
    """Deployed into a namespace that somebody else has made, which is adopted."""
    made = ProjectStack(tier, tmp_path_factory.mktemp("guarded"), THEIRS, 31264)
    made.remove()
    _make_theirs(tier)
    made.settings["adopt_namespace"] = True
    try:
        made.run(*UP)
        yield made
    finally:
        made.pulumi("destroy", "--yes", "--skip-preview")
        made.remove()


def _make_theirs(tier: Tier) -> None:
    labels = {"team": "theirs", "pod-security.kubernetes.io/enforce": "baseline"}
    metadata = {"name": THEIRS, "labels": labels, "annotations": {"example.com/note": "keep"}}
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": THEIRS}}
    for each in (theirs, held):
        tier.kubectl("create", "-f", "-", input=json.dumps(each))


def _namespace(tier: Tier, name: str) -> dict[str, Any]:
    return tier.one("namespace", name)["metadata"]


def _cluster_wide(tier: Tier) -> dict[str, Any]:
    """What there is of either stack's, as it is: other tests make and delete theirs meanwhile."""
    kinds = "namespaces,ingressclasses,clusterroles,storageclasses,validatingwebhookconfigurations"
    found = [item["metadata"] for item in tier.items(kinds)]
    return {
        each["uid"]: [each["name"], each.get("labels"), each.get("annotations")]
        for each in found
        if each["name"].startswith(NAME)
    }


def test_an_adopted_namespace_is_used_and_left_as_it_was(stack: ProjectStack) -> None:
    found = _namespace(stack.tier, THEIRS)
    assert found["labels"] == {
        "team": "theirs",
        "pod-security.kubernetes.io/enforce": "baseline",
        "kubernetes.io/metadata.name": THEIRS,
    }
    assert found["annotations"] == {"example.com/note": "keep"}
    assert stack.tier.items("deployments", "-n", THEIRS)
    mark = _namespace(stack.tier, stack.ingress_namespace)["annotations"][MADE_BY]
    assert mark.startswith(f"{NAME}/")


def test_a_namespace_of_somebody_elses_is_refused_in_preview_and_up_and_nothing_is_sent(
    tier: Tier, stack: ProjectStack, tmp_path: Path
) -> None:
    another = ProjectStack(tier, tmp_path / "another", THEIRS, 31266)
    another.settings["ingress"]["namespace"] = stack.ingress_namespace
    before = _cluster_wide(tier)
    for words in (("preview",), UP):
        shown = another.refusal(*words)
        assert f'webtier:namespace = "{THEIRS}"' in shown
        assert "webtier:adopt_namespace: true" in shown
        assert f'webtier:ingress.namespace = "{stack.ingress_namespace}"' in shown
        # It is called as the other stack is, and all the same not that stack.
        assert f"a stack that is also called '{NAME}' has, whose state is another one" in shown
    assert _cluster_wide(tier) == before
    another.settings["namespace"] = "kube-system"
    assert "one of Kubernetes' own namespaces" in another.refusal(*UP)


def test_taking_the_setting_away_does_not_make_it_the_stacks_own(stack: ProjectStack) -> None:
    stack.settings["adopt_namespace"] = False
    try:
        assert f'webtier:namespace = "{THEIRS}"' in stack.refusal(*UP)
    finally:
        stack.settings["adopt_namespace"] = True
    assert "unchanged" in stack.run(*UP)


def test_an_update_that_was_cut_off_before_the_state_was_written_goes_on(stack: ProjectStack) -> None:
    state = stack.state()
    resources = state["deployment"]["resources"]
    kept = [each for each in resources if each["type"] == "kubernetes:core/v1:Namespace"]
    of_namespaces = {each["urn"] for each in kept if each["id"] == stack.ingress_namespace}
    assert of_namespaces
    forgotten = {each["urn"] for each in resources if of_namespaces & set(each.get("dependencies", []))} | of_namespaces
    while more := {
        each["urn"]
        for each in resources
        if each["urn"] not in forgotten and forgotten & {*each.get("dependencies", []), each.get("parent", "")}
    }:
        forgotten |= more
    state["deployment"]["resources"] = [each for each in resources if each["urn"] not in forgotten]
    stack.rewrite(state)
    uid = _namespace(stack.tier, stack.ingress_namespace)["uid"]
    stack.run(*UP)
    assert _namespace(stack.tier, stack.ingress_namespace)["uid"] == uid


def test_another_cluster_behind_the_context_is_refused_and_nothing_is_sent(stack: ProjectStack) -> None:
    here = _namespace(stack.tier, "kube-system")["uid"]
    state = stack.state()
    (identity,) = [each for each in state["deployment"]["resources"] if each["type"] == "pulumi:index:Stash"]
    assert identity["inputs"]["input"]["cluster"] == here
    for kept in (identity["inputs"], identity["outputs"]):
        kept["input"]["cluster"] = OTHER_CLUSTER
    stack.rewrite(state)
    stack.settings["services"]["web"]["replicas"] = 2
    try:
        for words in (("preview",), UP, ("destroy", "--yes", "--skip-preview", "--run-program")):
            shown = stack.refusal(*words)
            assert "webtier:context" in shown
            assert f"the stack's cluster is {OTHER_CLUSTER}, and the one behind this context is {here}" in shown
            assert f"pulumi config set webtier:move_to_cluster {here}" in shown
        stack.settings["move_to_cluster"] = here
        assert "the state still has" in stack.refusal(*UP)
        assert stack.tier.one("deployment", "web", "-n", THEIRS)["spec"]["replicas"] == 1
    finally:
        stack.settings["services"]["web"]["replicas"] = 1
        stack.settings.pop("move_to_cluster", None)
        for kept in (identity["inputs"], identity["outputs"]):
            kept["input"]["cluster"] = here
        stack.rewrite(state)
    assert "unchanged" in stack.run(*UP)


def test_a_preview_without_a_cluster_works_and_says_that_it_has_not_looked(stack: ProjectStack) -> None:
    stack.settings["context"] = "no-such-context"
    try:
        shown = stack.run("preview")
        assert "was not looked at: the kubeconfig" in shown
        assert "webtier:context" in stack.refusal(*UP)
    finally:
        stack.settings["context"] = "webtier-local"


def test_a_second_deployment_says_who_is_at_work_and_one_that_was_killed_is_told_from_it(stack: ProjectStack) -> None:
    stack.settings["services"]["slow"] = {"image": "webtier.local/nginx:none", "replicas": 1}
    stack.pulumi("config")  # writes the settings
    backend = stack.environment["PULUMI_BACKEND_URL"]
    with subprocess.Popen(
        ["pulumi", *UP, "--stack", NAME, "--non-interactive"],
        env=stack.environment,
        cwd=stack.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        try:
            eventually(lambda: _is_one(read_locks(backend, NAME)), SECONDS)
            own = stack.refusal(*UP)
            assert "currently locked by 1 lock" in own
            assert f"(pid {first.pid})" in own
            with pytest.raises(UserError, match=f"(?s)is at work:.*process {first.pid}, .*which runs.*Wait until"):
                refuse_if_locked(backend, NAME)
        finally:
            first.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    with pytest.raises(UserError, match=f"(?s)was cut off:.*process {first.pid}, .*`pulumi cancel --stack {NAME}`"):
        refuse_if_locked(backend, NAME)
    del stack.settings["services"]["slow"]
    stack.run("cancel", "--yes")
    stack.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    stack.run(*UP)


def _is_one(locks: list[Any]) -> None:
    assert len(locks) == 1


def test_destroy_leaves_the_adopted_namespace_with_what_is_theirs(stack: ProjectStack) -> None:
    before = _namespace(stack.tier, THEIRS)
    stack.run("destroy", "--yes", "--skip-preview")
    after = _namespace(stack.tier, THEIRS)
    assert (after["uid"], after["labels"], after["annotations"]) == (
        before["uid"],
        before["labels"],
        before["annotations"],
    )
    assert "theirs" in {item["metadata"]["name"] for item in stack.tier.items("configmaps", "-n", THEIRS)}
    assert stack.tier.items("deployments,services,secrets", "-n", THEIRS) == []
    names = {item["metadata"]["name"] for item in stack.tier.items("namespaces")}
    assert stack.ingress_namespace not in names
