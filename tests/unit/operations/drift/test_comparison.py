"""Pairs of an object as the state has it and as it is: what counts as drift, by whom, and what `up` does about it."""

import pytest

from operations.drift.comparison import Happened, compare
from operations.preview.model.values import Opaque
from tests.unit.operations.drift.drifting_objects import OWN, SECRET, Pair, container_of, deployment, recorded

ITEM = 'spec template spec containers k:{"name":"web"}'


def test_the_same_object_has_not_drifted() -> None:
    assert deployment().compared() is None


def test_what_the_api_server_and_controllers_write_is_no_drift() -> None:
    pair = deployment()
    pair.live["metadata"] |= {"resourceVersion": "2", "generation": 7}
    pair.live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
    pair.live["status"] = {"replicas": 1}
    pair.touch("kube-controller-manager", "metadata annotations deployment.kubernetes.io/revision", "status replicas")
    # A newer API server has a new field with a default, which nobody owns, and writes what is not set as null.
    pair.live["spec"]["newInThisVersion"] = True
    pair.live["spec"]["template"]["metadata"] = {"creationTimestamp": None}
    assert pair.compared() is None


def test_null_is_what_is_not_set() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}
    pair = Pair("StatefulSet", {"spec": {"volumeClaimTemplates": [claim]}}, "spec volumeClaimTemplates")
    # The state does not keep it.
    pair.live["spec"]["volumeClaimTemplates"][0]["metadata"]["creationTimestamp"] = None
    assert pair.compared() is None


def test_what_the_status_is_written_with_is_no_drift_whoever_does() -> None:
    pair = deployment()
    pair.live["metadata"]["annotations"] = {"seen": "yes"}
    pair.touch("some-operator", "metadata annotations seen", subresource="status")
    assert pair.compared() is None


def test_a_field_of_the_programs_that_kubectl_has_changed_is_put_back() -> None:
    pair = deployment()
    container_of(pair.live)["image"] = "shop:2"
    pair.touch("kubectl-set", f"{ITEM} image", time="T5")
    assert pair.told() == {"spec.template.spec.containers[web].image": ("kubectl-set", "put back")}
    found = pair.compared()
    assert found is not None
    [field] = found.fields
    assert (field.difference.old, field.difference.new) == ("shop:1", "shop:2")
    assert [each.time for each in field.managers] == ["T5"]


@pytest.mark.parametrize(
    ("manager", "more"),
    [("argocd-controller", {}), ("kubectl", {"subresource": "scale"}), ("flux", {"operation": "Apply"})],
)
def test_a_field_of_the_programs_that_another_manager_owns_is_a_conflict(manager: str, more: dict[str, str]) -> None:
    pair = deployment()
    pair.live["spec"]["replicas"] = 5
    pair.touch(manager, "spec replicas", **more)
    assert pair.told() == {"spec.replicas": (manager, "conflict")}
    # The state may have learnt of it by a refresh: it is in the way all the same.
    pair.before["spec"]["replicas"] = 5
    assert pair.told() == {"spec.replicas": (manager, "conflict")}


def test_a_program_that_overrides_others_has_no_conflict() -> None:
    pair = deployment()
    pair.inputs = {"metadata": {"annotations": {"pulumi.com/patchForce": "true"}}}
    pair.live["spec"]["replicas"] = 5
    pair.touch("kubectl", "spec replicas", subresource="scale")
    assert pair.told() == {"spec.replicas": ("kubectl", "put back")}


def test_an_autoscaler_over_a_number_that_the_program_sets_is_told() -> None:
    pair = deployment()
    pair.live["spec"]["replicas"] = 5
    pair.touch("kube-controller-manager", "spec replicas", subresource="scale")
    assert pair.told() == {"spec.replicas": ("kube-controller-manager", "conflict")}


def test_an_autoscaler_over_a_number_that_the_program_leaves_to_it_is_not() -> None:
    pair = Pair("Deployment", {"spec": {"replicas": 2, "paused": False}}, "spec paused")
    pair.live["spec"]["replicas"] = 5
    pair.touch("kube-controller-manager", "spec replicas", subresource="scale")
    assert pair.compared() is None


def test_what_the_program_does_not_set_goes_where_kubectl_has_set_it_and_else_stays() -> None:
    pair = deployment()
    pair.live["metadata"]["labels"]["hand"] = "yes"
    pair.live["metadata"]["annotations"] = {"note": "mine"}
    pair.live["spec"]["revisionHistoryLimit"] = 3
    pair.touch("kubectl-label", "metadata labels hand")
    pair.touch("dashboard", "metadata annotations note", "spec revisionHistoryLimit")
    assert pair.told() == {
        "metadata.labels.hand": ("kubectl-label", "removed"),
        "metadata.annotations.note": ("dashboard", "kept"),
        "spec.revisionHistoryLimit": ("dashboard", "kept"),
    }
    # What a refresh has put into the state is by hand none the less.
    pair.before = {**pair.live, "metadata": {**pair.live["metadata"]}}
    assert [*pair.told()] == ["metadata.annotations.note", "metadata.labels.hand", "spec.revisionHistoryLimit"]


def test_what_was_taken_away_is_put_back_and_nobody_is_known() -> None:
    pair = deployment()
    del pair.live["metadata"]["labels"]
    del container_of(pair.live)["env"]
    pair.live["metadata"]["managedFields"][0]["fieldsV1"] = {}
    assert pair.told() == {
        "metadata.labels.app": ("", "put back"),
        "spec.template.spec.containers[web].env": ("", "put back"),
    }


def test_an_item_that_is_a_hands_is_told_as_one() -> None:
    pair = deployment()
    sidecar = {"name": "debug", "image": "tools:1", "terminationPolicy": "x"}
    # Put first: items are told by their names.
    pair.live["spec"]["template"]["spec"]["containers"].insert(0, sidecar)
    other = ITEM.replace("web", "debug")
    pair.touch("kubectl-patch", f"{other} .", f"{other} name", f"{other} image")
    assert pair.told() == {"spec.template.spec.containers[debug]": ("kubectl-patch", "removed")}
    pair.before["spec"] = pair.live["spec"]
    assert pair.told() == {"spec.template.spec.containers[debug]": ("kubectl-patch", "removed")}


def test_a_hand_that_has_set_the_programs_value_is_no_drift() -> None:
    pair = deployment()
    pair.touch("kubectl-edit", "spec replicas")
    assert pair.compared() is None


def test_a_field_whose_changes_the_program_ignores_stays() -> None:
    pair = deployment()
    pair.more = {"ignoreChanges": ["spec.replicas"]}
    pair.live["spec"]["replicas"] = 5
    pair.touch("kubectl-edit", "spec replicas")
    assert pair.told() == {"spec.replicas": ("kubectl-edit", "ignored")}


def test_managers_that_are_ignored_do_not_count() -> None:
    pair = deployment()
    pair.live["metadata"]["labels"]["hand"] = "yes"
    pair.live["spec"]["replicas"] = 5
    pair.touch("rancher", "metadata labels hand", "spec replicas")
    assert [*pair.told()] == ["metadata.labels.hand", "spec.replicas"]
    assert pair.told(("rancher",)) == {}


def test_an_update_whose_end_the_state_does_not_have_is_told_with_the_stacks_own_manager() -> None:
    pair = deployment()
    pair.live["spec"]["replicas"] = 3
    assert pair.told() == {"spec.replicas": (OWN, "put back")}


def test_the_copy_that_kubectl_apply_keeps_is_not_told() -> None:
    pair = deployment()
    name = "kubectl.kubernetes.io/last-applied-configuration"
    pair.live["metadata"]["annotations"] = {name: '{"spec": {}}'}
    pair.touch("kubectl-client-side-apply", f"metadata annotations {name}")
    assert pair.compared() is None


def test_of_a_secret_is_told_what_changed_and_never_a_value() -> None:
    pair = Pair("Secret", {"data": {"password": "b2xk", "user": "YXBw"}}, "data password", "data user")
    assert pair.compared() is None
    pair.live["data"] = {"password": "bmV3LW5ldy1uZXc=", "extra": "ZXh0cmEtZXh0cmE="}
    pair.live["metadata"]["annotations"] = {"copy": '{"data": {"password": "bmV3LW5ldy1uZXc="}}'}
    pair.touch("kubectl-edit", "data password", "data extra", "metadata annotations copy")
    pair.live["metadata"]["managedFields"][0]["fieldsV1"] = {}
    assert pair.told() == {
        "data.password": ("kubectl-edit", "put back"),
        "data.extra": ("kubectl-edit", "removed"),
        "data.user": ("", "put back"),
        "metadata.annotations.copy": ("kubectl-edit", "removed"),
    }
    found = pair.compared()
    assert found is not None
    shown = [side for each in found.fields for side in (each.difference.old, each.difference.new)]
    assert not [each for each in shown if each is not Opaque.SECRET and each is not Opaque.ABSENT]


def test_what_the_state_has_encrypted_is_told_by_who_has_written_it() -> None:
    pair = deployment()
    # One secret in a variable makes all containers one in the state.
    pair.before["spec"]["template"]["spec"]["containers"] = SECRET
    assert pair.compared() is None
    container_of(pair.live)["image"] = "shop:2"
    pair.touch("kubectl-set", f"{ITEM} image")
    assert pair.told() == {"spec.template.spec.containers[web].image": ("kubectl-set", "put back")}
    found = pair.compared()
    assert found is not None
    assert found.fields[0].difference.new is Opaque.SECRET


def test_an_object_that_is_gone_is_told_unless_kubernetes_deletes_it_by_itself() -> None:
    pair = deployment()
    found = compare(recorded(pair.before, {}), None)
    assert found is not None
    assert (found.happened, found.fields) == (Happened.GONE, ())
    job = Pair("Job", {"spec": {"ttlSecondsAfterFinished": 60}})
    assert compare(recorded(job.before, {}), None) is None


def test_an_object_under_the_same_name_is_told_by_its_uid() -> None:
    pair = deployment()
    pair.live["metadata"] |= {"uid": "u2"}
    pair.touch("kubectl-create", "spec replicas")
    found = pair.compared()
    assert found is not None
    assert found.happened is Happened.REPLACED
    assert {each.name for each in found.managers} == {OWN, "kubectl-create"}


def test_an_object_that_is_being_deleted_is_told() -> None:
    pair = deployment()
    pair.live["metadata"] |= {"deletionTimestamp": "T9"}
    found = pair.compared()
    assert found is not None
    assert (found.happened, found.fields) == (Happened.ENDING, ())
