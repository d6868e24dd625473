"""The component's pods and its Job, as they would be sent to the cluster."""

import json
import re
import secrets
from typing import Any

import pytest

from tests.unit.harness.recording import run_recorded
from tests.unit.webtier.redis_cluster.redis_objects import (
    CONFIG_MAP,
    JOB,
    LOCAL,
    PASSWORD,
    STATEFUL_SET,
    checksum_of,
    containers,
    pod_specs,
    record,
    template,
)
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings


def test_the_default_is_three_shards_with_a_replica_each() -> None:
    recording = record({"storage": {"kind": "dynamic", "size": "2Gi"}})
    assert {each.name: each.inputs["spec"]["replicas"] for each in recording.of_type(STATEFUL_SET)} == {
        f"redis-shard-{shard}": 2 for shard in range(3)
    }
    for stateful_set in recording.of_type(STATEFUL_SET):
        spec = stateful_set.inputs["spec"]
        assert spec["podManagementPolicy"] == "Parallel"
        assert spec["serviceName"] == "redis-nodes"
        assert stateful_set.inputs["metadata"]["name"] == stateful_set.name
    assert recording.warnings == []
    # A volume of the default size can be filled by a full Redis of the default size, and is not changed for that.
    (warning,) = record().warnings
    assert "Make storage.size at least '2028Mi'" in warning


def test_everything_is_a_child_named_after_the_component() -> None:
    for resource in record({"storage": LOCAL}).resources:
        if resource.type not in ("kubernetes:core/v1:Namespace", "webtier:index:RedisCluster"):
            assert resource.parent_name == "redis", resource
            assert resource.name.startswith("redis"), resource


def test_two_clusters_in_one_program_do_not_collide() -> None:
    def program() -> None:
        for name in ("redis", "sessions"):
            settings = RedisClusterSettings.model_validate({"storage": LOCAL, "access": {"node_port": None}})
            RedisCluster(name, RedisClusterArgs(settings, "shop", PASSWORD))

    resources = run_recorded(program).resources
    # Pulumi makes up a Job's name, from that of the resource.
    named = [each for each in resources if "metadata" in each.inputs and each.type != JOB]
    names = [(each.type, each.inputs["metadata"]["name"]) for each in named]
    assert len(names) == len(set(names))
    assert len({(each.type, each.name) for each in resources}) == len(resources)


def test_every_container_is_restricted() -> None:
    recording = record()
    for spec in pod_specs(recording):
        pod = spec["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]) == (True, 999, 999, 999)
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
    found = list(containers(recording))
    assert len(found) == 3 * 3 + 1
    for container in found:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["runAsNonRoot"] is True
        assert container["resources"]["limits"]["memory"]
        assert container["imagePullPolicy"] == "IfNotPresent"


def test_growing_restarts_nobody() -> None:
    three, four = record({"storage": LOCAL}), record({"storage": LOCAL, "shards": 4})
    two_replicas = record({"storage": LOCAL, "replicas_per_shard": 2})
    for shard in range(3):
        assert template(three, shard) == template(four, shard) == template(two_replicas, shard)
    jobs = [each.one(JOB, "redis-converge") for each in (three, four, two_replicas)]
    assert len({json.dumps(job.inputs["spec"]) for job in jobs}) == 3
    # A change of it is another Job.
    assert all("spec" in job.options.replaceOnChanges for job in jobs)
    assert len({job.inputs["metadata"]["name"] for job in jobs}) == 3


def test_the_job_is_another_one_for_other_passwords_and_the_same_for_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the cluster had kept it: each run offers another one.
    def seed(text: str) -> None:
        def token_hex(length: int) -> str:
            return text * length

        monkeypatch.setattr(secrets, "token_hex", token_hex)

    seed("5e")
    same, other, rotated = record(), record(password="another-password-1"), record({"internal_password_generation": 2})
    names = [each.one(JOB, "redis-converge").inputs["metadata"]["name"] for each in (record(), same, other, rotated)]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(re.fullmatch("redis-converge-[0-9a-f]{8}", name) for name in names)
    seed("6e")
    # Nobody can try passwords on it who does not have the seed.
    assert record().one(JOB, "redis-converge").inputs["metadata"]["name"] != names[0]


def test_a_changed_redis_conf_restarts_the_pods() -> None:
    before = record()
    assert checksum_of(before) == checksum_of(record())
    after = record({"conf": {"appendfsync": "always"}})
    assert "appendfsync always\n" in after.one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"]
    assert checksum_of(before) != checksum_of(after)
    # Its name has a part from the seed, of which each run offers another one here.
    jobs = [each.one(JOB, "redis-converge").inputs for each in (before, after)]
    assert jobs[0]["spec"] == jobs[1]["spec"]


def test_redis_conf_follows_the_settings() -> None:
    settings = {
        "conf": {"node_timeout_ms": 7000, "maxmemory_percent": 60, "save": [{"seconds": 60, "changes": 5}]},
        "resources": {"limits": {"memory": "1000Mi"}},
        "replicas_per_shard": 2,
    }
    data = record(settings).one(CONFIG_MAP, "redis-conf").inputs["data"]
    lines = data["redis.conf"].splitlines()
    for line in (
        "cluster-node-timeout 7000",
        f"maxmemory {600 * 2**20}",
        "maxmemory-policy noeviction",
        "save 60 5",
        "appendonly yes",
        "appendfsync everysec",
        "cluster-allow-replica-migration no",
        "cluster-replica-validity-factor 0",
        "cluster-require-full-coverage no",
        "include /etc/webtier-redis/auth/replication.conf",
        "aclfile /run/webtier-redis/users.acl",
    ):
        assert line in lines
    assert data["topology.conf"] == "min-replicas-to-write 1\n"
    assert record().one(CONFIG_MAP, "redis-conf").inputs["data"]["topology.conf"] == "min-replicas-to-write 0\n"


def test_the_agent_knows_where_its_pod_is() -> None:
    (agent,) = template(record())["spec"]["initContainers"]
    assert {"--pod=$(POD_NAME)", "--own-ip=$(POD_IP)", "--host-ip=$(HOST_IP)"} <= set(agent["args"])
    fields = {each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in agent["env"] if "valueFrom" in each}
    assert fields == {"POD_NAME": "metadata.name", "POD_IP": "status.podIP", "HOST_IP": "status.hostIP"}


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, []),
        ({"conf": {"node_timeout_ms": 1000}}, ["--node-timeout-ms=1000", "--fast-failover-after-ms=750"]),
        ({"fast_failover_after_ms": 3000}, ["--fast-failover-after-ms=3000"]),
    ],
)
def test_agents_are_told_other_times_than_the_usual(settings: dict[str, Any], arguments: list[str]) -> None:
    (agent,) = template(record(settings))["spec"]["initContainers"]
    assert [argument for argument in agent["args"] if "-ms=" in argument] == arguments


def test_pods_are_told_that_the_cluster_was_formed_without_waiting_for_it() -> None:
    recording = record()
    (agent,) = template(recording)["spec"]["initContainers"]
    assert "--formed=/etc/webtier-redis/formed/shardsInUse" in agent["args"]
    (volume,) = (each for each in template(recording)["spec"]["volumes"] if each["name"] == "formed")
    assert volume["configMap"] == {"name": "redis-shards", "optional": True}
    marker = recording.one(CONFIG_MAP, "redis-shards")
    assert marker.inputs["data"] == {"shardsInUse": "3"}
    assert any(urn.endswith("::redis-converge") for urn in marker.options.dependencies)


@pytest.mark.parametrize(("kind", "key"), [(kind, kind) for kind in ("required", "preferred")])
def test_members_of_a_shard_keep_apart(kind: str, key: str) -> None:
    spec = template(record({"anti_affinity": kind}), shard=1)["spec"]
    ((found, (rule,)),) = spec["affinity"]["podAntiAffinity"].items()
    assert found == f"{key}DuringSchedulingIgnoredDuringExecution"
    term = rule.get("podAffinityTerm", rule)
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "shard-1"
    zones = spec["topologySpreadConstraints"][0]
    assert (zones["topologyKey"], zones["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "ScheduleAnyway")


def test_the_job_waits_for_all_shards_and_stays_when_it_is_done() -> None:
    job = record({"ready_timeout_seconds": 300}).one(JOB, "redis-converge")
    assert {f"redis-shard-{shard}" for shard in range(3)} <= job.dependencies
    spec = job.inputs["spec"]
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["activeDeadlineSeconds"] == 360
    assert job.options.customTimeouts.create == "420s"
    assert job.options.deleteBeforeReplace
    (container,) = spec["template"]["spec"]["containers"]
    assert {"--shards=3", "--replicas-per-shard=1", "--deadline=300", "--name=redis"} <= set(container["args"])
    assert "--domain=redis-nodes.shop.svc.cluster.local" in container["args"]


def test_an_image_with_the_agent_needs_no_config_map() -> None:
    recording = record({"agent": {"image": "registry.example.com/agent:1.2", "code": "in_image"}})
    assert "redis-agent" not in {each.name for each in recording.of_type(CONFIG_MAP)}
    (agent,) = template(recording)["spec"]["initContainers"]
    assert (agent["name"], agent["restartPolicy"]) == ("agent", "Always")
    assert agent["image"] == "registry.example.com/agent:1.2"
    assert "PYTHONPATH" not in {each["name"] for each in agent["env"]}
