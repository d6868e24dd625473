"""How live objects are read: what kubectl is asked, and what becomes of its answers."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.drift.cluster import LiveObjects, kubectl_of
from operations.drift.recorded import Place, read_state
from tests.unit.operations.drift.drifting_objects import exported, made, owned, resource

NAMESPACE = resource(made("Namespace", {}, {}, name="shop", namespace=""), {"metadata": {"labels": {"a": "b"}}})
SETTINGS = resource(made("ConfigMap", {"data": {"a": "1"}}, owned("data"), name="settings"), {})
PROVIDER = {
    "urn": "urn:provider",
    "type": "pulumi:providers:kubernetes",
    "inputs": {"context": "kind-shop", "kubeconfig": "/not/on/this/machine"},
}
IDENTITY = {
    "urn": "urn::identity",
    "type": "pulumi:index:Stash",
    "inputs": {"input": {"cluster": "uid-of-the-cluster"}},
}
API_RESOURCES = """\
configmaps    cm   v1                true   ConfigMap
events        ev   v1                true   Event
namespaces    ns   v1                false  Namespace
secrets            v1                true   Secret
deployments   deploy apps/v1         true   Deployment
"""
UID, SERVED, LISTED, NAMED = "namespaces/kube-system", "api-resources", "--namespace shop", "--ignore-not-found"
KUBE_SYSTEM = '{"metadata": {"uid": "uid-of-the-cluster"}}'
LIVE = made("ConfigMap", {"data": {"a": "2"}}, owned("data"), name="settings")

Answers = dict[str, tuple[str, str, int]]
Read = Callable[[Answers], LiveObjects]


def answers(**changed: tuple[str, str, int]) -> Answers:
    """What kubectl writes to its outputs, and its exit code, by what its words have."""
    usual: Answers = {
        UID: (KUBE_SYSTEM, "", 0),
        SERVED: (API_RESOURCES, "", 0),
        LISTED: (json.dumps({"kind": "List", "items": [LIVE]}), "Warning: v1 Endpoints is deprecated\n", 0),
        NAMED: (json.dumps(made("Namespace", {}, {}, name="shop", namespace="")), "", 0),
    }
    return {**usual, **{globals()[name]: answer for name, answer in changed.items()}}


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return tmp_path / "asked"


@pytest.fixture
def read(tmp_path: Path, asked: Path) -> Read:
    def reading(given: Mapping[str, tuple[str, str, int]]) -> LiveObjects:
        (tmp_path / "answers.json").write_text(json.dumps(given))
        kubectl = tmp_path / "kubectl"
        kubectl.write_text(
            f"#!{sys.executable}\n"
            "import json, sys\n"
            "words = ' '.join(sys.argv[1:])\n"
            f"open({str(asked)!r}, 'a').write(words + '\\n')\n"
            f"for key, (out, err, code) in json.load(open({str(tmp_path / 'answers.json')!r})).items():\n"
            "    if key in words:\n"
            "        sys.stdout.write(out), sys.stderr.write(err), sys.exit(code)\n"
        )
        kubectl.chmod(0o755)
        stack = read_state(exported(NAMESPACE, SETTINGS, PROVIDER, IDENTITY))
        return kubectl_of(stack, {**os.environ, "PATH": str(tmp_path)}).read(stack)

    return reading


def test_the_stacks_context_is_asked_for_all_that_it_has(read: Read, asked: Path) -> None:
    found = read(answers())
    assert found.objects[Place("", "ConfigMap", "shop", "settings")] == LIVE
    assert Place("", "Namespace", "", "shop") in found.objects
    words = asked.read_text().splitlines()
    # Its kubeconfig is of the machine that deployed it.
    assert all(each.startswith("--context kind-shop --request-timeout") for each in words)
    assert words[2].endswith("--show-managed-fields --namespace shop configmaps.v1.,secrets.v1.,deployments.v1.apps")
    assert words[3].endswith("--ignore-not-found namespaces.v1./shop")


def test_another_cluster_behind_the_context_is_refused(read: Read) -> None:
    with pytest.raises(UserError, match="leads to the cluster another, and the stack is in uid-of-the-cluster"):
        read(answers(UID=(KUBE_SYSTEM.replace("uid-of-the-cluster", "another"), "", 0)))


def test_kinds_that_may_not_be_read_are_named_and_the_rest_is_there(read: Read) -> None:
    refused = (
        'Error from server (Forbidden): secrets is forbidden: User "night" cannot list resource "secrets" in API group '
        '"" in the namespace "shop"\n'
    )
    found = read(answers(LISTED=(json.dumps({"kind": "List", "items": [LIVE]}), refused, 1)))
    assert found.unreadable == {("", "Secret")}
    assert Place("", "ConfigMap", "shop", "settings") in found.objects


@pytest.mark.parametrize("which", ["UID", "SERVED", "LISTED", "NAMED"])
def test_no_answer_is_no_absence(read: Read, which: str) -> None:
    with pytest.raises(UserError, match="connection refused"):
        read(answers(**{which: ("", "connection refused\n", 1)}))


def test_an_api_that_is_away_matters_only_where_the_stack_has_objects_of_it(read: Read) -> None:
    away = "error: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: not ready\n"
    assert read(answers(SERVED=(API_RESOURCES, away, 1))).objects


def test_without_kubectl_it_says_so(tmp_path: Path) -> None:
    stack = read_state(exported(SETTINGS))
    with pytest.raises(UserError, match="kubectl is not on PATH"):
        kubectl_of(stack, {"PATH": str(tmp_path)}).read(stack)
