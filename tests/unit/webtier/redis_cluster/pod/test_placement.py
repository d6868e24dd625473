"""Where Redis' pods run and what is said of them; with nothing set, what it was before there were such settings."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.unit.environment.changed_stack import lines_about, parse, report
from tests.unit.harness.recording import Recording
from tests.unit.webtier.redis_cluster.redis_objects import (
    CONFIG_MAP,
    JOB,
    STATEFUL_SET,
    checksum_of,
    pod_specs,
    record,
    template,
)
from tests.unit.webtier.redis_standalone import standalone_objects
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION

UNCHANGED = Path(__file__).with_name("unchanged_pods.json")
ACCOUNT = "kubernetes:core/v1:ServiceAccount"

TOLERATION = {"key": "team/redis", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
SCHEDULING = {"priority_class": "important", "node_selector": {"pool": "redis"}, "tolerations": [TOLERATION]}
PLACEMENT: dict[str, Any] = {
    "scheduling": SCHEDULING,
    "image_pull_secrets": ["registry"],
    "labels": {"team": "shop"},
    "pod_annotations": {"sidecar.istio.io/inject": "false"},
}


def single(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    stateful_set = standalone_objects.record(settings).one(STATEFUL_SET, "sessions")
    return stateful_set.inputs["spec"]["template"]


def job_template(recording: Recording) -> dict[str, Any]:
    return recording.one(JOB, "redis-converge").inputs["spec"]["template"]


def comparable(pod: dict[str, Any]) -> dict[str, Any]:
    """Without what follows the agent's code, redis.conf and the default images, which are no part of this."""
    metadata, spec = pod["metadata"], pod["spec"]
    annotations = {key: text for key, text in metadata["annotations"].items() if key != CONFIG_CHECKSUM_ANNOTATION}
    containers = {
        kind: [{**container, "image": "any"} for container in spec[kind]]
        for kind in ("initContainers", "containers")
        if kind in spec
    }
    return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": {**spec, **containers}}


def test_pods_are_what_they_were_where_nothing_is_set() -> None:
    """A difference rolls the pods of every stack, which a release has to say."""
    cluster = record()
    made = {
        "shard": template(cluster, 1),
        "job": job_template(cluster),
        "account": cluster.one(ACCOUNT, "redis").inputs,
        "single": single(),
    }
    made = {name: comparable(each) if "spec" in each else each for name, each in made.items()}
    assert made == json.loads(UNCHANGED.read_text())


def test_all_pods_go_where_the_settings_say() -> None:
    recording = record(PLACEMENT)
    for spec in (*pod_specs(recording), single(PLACEMENT)["spec"]):
        assert spec["priorityClassName"] == "important"
        assert spec["nodeSelector"] == {"pool": "redis"}
        assert spec["tolerations"] == [TOLERATION]
        assert spec["imagePullSecrets"] == [{"name": "registry"}]


def test_own_labels_and_annotations_stand_beside_those_that_are_needed() -> None:
    recording, without = record(PLACEMENT), record()
    for made, before in (
        (template(recording), template(without)),
        (job_template(recording), job_template(without)),
        (single(PLACEMENT), single()),
    ):
        metadata, bare = made["metadata"], before["metadata"]
        assert metadata["annotations"] == {**bare["annotations"], "sidecar.istio.io/inject": "false"}
        assert metadata["labels"] == {**bare["labels"], "team": "shop"}
    for shard, bare in zip(recording.of_type(STATEFUL_SET), without.of_type(STATEFUL_SET), strict=True):
        assert shard.inputs["spec"]["selector"] == bare.inputs["spec"]["selector"]


def test_a_change_of_them_rolls_pods_and_replaces_nothing_but_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pods run where the others do, and what is made of it can't be changed."""

    def token_hex(length: int) -> str:
        return "5e" * length

    # As if the cluster had kept it: each run offers another one.
    monkeypatch.setattr(secrets, "token_hex", token_hex)
    before, after = record(), record(PLACEMENT)
    assert {each.urn for each in before.resources} == {each.urn for each in after.resources}
    names = [each.one(JOB, "redis-converge").inputs["metadata"]["name"] for each in (before, record(), after)]
    assert names[0] == names[1] != names[2]
    # redis.conf is no part of it, so that there is nothing to be restarted for within a pod.
    assert checksum_of(before) == checksum_of(after)
    assert before.one(CONFIG_MAP, "redis-conf").inputs["data"] == after.one(CONFIG_MAP, "redis-conf").inputs["data"]


def test_ephemeral_storage_is_asked_for_and_limited() -> None:
    amounts = {"requests": {"ephemeral_storage": "128Mi"}, "limits": {"ephemeral_storage": "2Gi"}}
    settings = {"resources": amounts}
    for spec in (template(record(settings))["spec"], single(settings)["spec"]):
        resources = spec["containers"][0]["resources"]
        assert resources["requests"]["ephemeral-storage"] == "128Mi"
        assert resources["limits"]["ephemeral-storage"] == "2Gi"
    settings = {"agent": {"resources": amounts}, "metrics": {"resources": amounts}}
    pod = template(record(settings))["spec"]
    for container in (pod["initContainers"][0], pod["containers"][1]):
        assert container["resources"]["limits"]["ephemeral-storage"] == "2Gi"


def test_pods_keep_apart_by_the_labels_that_nodes_have() -> None:
    spec = template(record({"topology_keys": {"node": "example.com/rack", "zone": "example.com/hall"}}))["spec"]
    ((_, (rule,)),) = spec["affinity"]["podAntiAffinity"].items()
    assert rule["podAffinityTerm"]["topologyKey"] == "example.com/rack"
    assert [each["topologyKey"] for each in spec["topologySpreadConstraints"]] == [
        "example.com/hall",
        "example.com/rack",
    ]
    spec = template(record({"topology_keys": {"zone": None}}))["spec"]
    assert [each["topologyKey"] for each in spec["topologySpreadConstraints"]] == ["kubernetes.io/hostname"]


def test_the_account_has_annotations_for_a_cloud() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/redis"}
    recording = record({"service_account": {"annotations": role}})
    assert recording.one(ACCOUNT, "redis").inputs["metadata"]["annotations"] == role


@pytest.mark.parametrize("key", ["redis", "standalone_redis.pages"])
@pytest.mark.parametrize(
    ("settings", "place", "reason"),
    [
        ({"scheduling": {"node_selector": {"pool": "a b"}}}, "scheduling.node_selector.pool", "at most 63 of A-Z"),
        ({"scheduling": {"priority_class": "High"}}, "scheduling.priority_class", "a DNS name in lower case"),
        (
            {"scheduling": {"tolerations": [{"key": "a", "operator": "In"}]}},
            "scheduling.tolerations[0].operator",
            "allowed: one of 'Equal', 'Exists'",
        ),
        (
            {"scheduling": {"tolerations": [{"operator": "Exists", "value": "a"}]}},
            "scheduling.tolerations[0].value",
            "the operator is Exists, for which every value is right; allowed: no value",
        ),
        ({"image_pull_secrets": ["My_Secret"]}, "image_pull_secrets[0]", "a DNS name in lower case"),
        (
            {"pod_annotations": {"webtier/config-checksum": "x"}},
            'pod_annotations["webtier/config-checksum"]',
            "webtier or Pulumi sets this one itself; allowed: any other key",
        ),
        (
            {"pod_annotations": {"prometheus.io/port": "1"}},
            'pod_annotations["prometheus.io/port"]',
            "webtier or Pulumi sets this one itself; allowed: any other key",
        ),
        (
            {"labels": {"app.kubernetes.io/name": "x"}},
            'labels["app.kubernetes.io/name"]',
            "selectors depend on it; allowed: a key of your own",
        ),
        (
            {"resources": {"requests": {"ephemeral_storage": "2Gi"}, "limits": {"ephemeral_storage": "1Gi"}}},
            "resources.requests.ephemeral_storage",
            "more than limits.ephemeral_storage, 1Gi; allowed: a request of at most its limit",
        ),
    ],
)
def test_what_kubernetes_would_not_take_is_refused(key: str, settings: dict[str, Any], place: str, reason: str) -> None:
    outermost, _, name = key.partition(".")
    lines = report(**{outermost: {name: settings} if name else settings})
    assert lines[0].startswith("1 setting is wrong"), lines
    assert reason in lines_about(f"{key}.{place}", "\n".join(lines))


def test_a_topology_key_is_a_label() -> None:
    said = lines_about("redis.topology_keys.node", "\n".join(report(redis={"topology_keys": {"node": "a b"}})))
    assert "allowed: 1 to 63 of A-Z" in said


def test_a_folder_that_would_have_its_pod_evicted_is_refused() -> None:
    pages = {"resources": {"limits": {"ephemeral_storage": "512Mi"}}}
    said = lines_about(
        "standalone_redis.pages.resources.limits.ephemeral_storage",
        "\n".join(report(standalone_redis={"pages": pages})),
    )
    assert "less than storage.size, 1Gi, which counts towards it" in said
    assert parse(standalone_redis={"pages": {**pages, "storage": {"kind": "ephemeral", "size": "256Mi"}}})
