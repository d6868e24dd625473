"""The component's objects, as they would be sent to the cluster."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pydantic import ValidationError

from components.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings
from tests.unit.recording import Recording, run_recorded

PASSWORD = "correct horse battery staple"

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
JOB = "kubernetes:batch/v1:Job"
SERVICE = "kubernetes:core/v1:Service"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"

LOCAL = {"kind": "local", "nodes": ["webtier-a", "webtier-b", "webtier-c"], "size": "2Gi"}


def record(settings: dict[str, Any] | None = None, **arguments: Any) -> Recording:
    """The component in a namespace that the same program makes."""

    def program() -> None:
        namespace = Namespace("shop", metadata=ObjectMetaArgs(name="shop"))
        cluster = RedisCluster(
            "redis",
            RedisClusterArgs(
                settings=RedisClusterSettings.model_validate(settings or {}),
                namespace=namespace.metadata.name,
                password=PASSWORD,
                **arguments,
            ),
        )
        for output in ("endpoint", "access_port", "external_endpoint", "password"):
            pulumi.export(output, getattr(cluster, output))

    return run_recorded(program)


def template(recording: Recording, shard: int = 0) -> dict[str, Any]:
    return recording.one(STATEFUL_SET, f"redis-shard-{shard}").inputs["spec"]["template"]


def pod_specs(recording: Recording) -> Iterator[dict[str, Any]]:
    for stateful_set in recording.of_type(STATEFUL_SET):
        yield stateful_set.inputs["spec"]["template"]["spec"]
    for job in recording.of_type(JOB):
        yield job.inputs["spec"]["template"]["spec"]


def containers(recording: Recording) -> Iterator[dict[str, Any]]:
    for spec in pod_specs(recording):
        yield from spec.get("initContainers", [])
        yield from spec["containers"]


def checksum_of(recording: Recording) -> str:
    return template(recording)["metadata"]["annotations"]["webtier/config-checksum"]


def test_the_default_is_three_shards_with_a_replica_each() -> None:
    recording = record()
    assert {each.name: each.inputs["spec"]["replicas"] for each in recording.of_type(STATEFUL_SET)} == {
        f"redis-shard-{shard}": 2 for shard in range(3)
    }
    for stateful_set in recording.of_type(STATEFUL_SET):
        spec = stateful_set.inputs["spec"]
        assert spec["podManagementPolicy"] == "Parallel"
        assert spec["serviceName"] == "redis-nodes"
        assert stateful_set.inputs["metadata"]["name"] == stateful_set.name
    assert recording.warnings == []


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
    names = [(each.type, each.inputs["metadata"]["name"]) for each in resources if "metadata" in each.inputs]
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


def test_the_password_is_only_in_the_secret() -> None:
    recording = record()
    for resource in recording.resources:
        if resource.type != SECRET:
            assert PASSWORD not in json.dumps(resource.inputs), resource.name
            assert not resource.secret_inputs, resource.name
    auth = recording.one(SECRET, "redis-auth")
    assert auth.secret_inputs == {"stringData"}
    assert set(auth.inputs["stringData"]) == {
        "users.acl",
        "replication.conf",
        "replication",
        "agent",
        "exporter",
        "exporter.json",
    }
    assert PASSWORD not in json.dumps(auth.inputs), "the pods know its hash alone"
    application = recording.one(SECRET, "redis-app")
    assert application.secret_inputs == {"stringData"}
    assert application.inputs["stringData"] == {"username": "app", "password": PASSWORD}
    internal = recording.one(SECRET, "redis-internal")
    assert internal.secret_inputs == {"data"}
    assert internal.options.ignoreChanges == ["data"]
    assert recording.secret_exports == {"password"}
    for container in containers(recording):
        assert not any("secretKeyRef" in (variable.get("valueFrom") or {}) for variable in container.get("env", ()))


def test_no_checksum_tells_anything_of_the_password() -> None:
    def program(password: str) -> Callable[[], object]:
        return lambda: RedisCluster("redis", RedisClusterArgs(RedisClusterSettings(), "shop", password))

    first, second = (run_recorded(program(password)) for password in ("first-password", "second-password"))
    for one, other in zip(_by_name(first), _by_name(second), strict=True):
        assert one.type == SECRET or one.inputs == other.inputs


def _by_name(recording: Recording) -> list[Any]:
    return sorted(recording.resources, key=lambda each: (each.type, each.name))


def test_local_volumes_are_bound_to_their_claim_and_node() -> None:
    recording = record({"storage": LOCAL})
    nodes: dict[tuple[int, int], str] = {}
    for shard in range(3):
        for member in range(2):
            spec = recording.one(VOLUME, f"redis-shard-{shard}-{member}").inputs["spec"]
            claim = f"data-redis-shard-{shard}-{member}"
            assert spec["claimRef"] == {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "shop",
                "name": claim,
            }
            assert spec["local"] == {"path": f"/var/lib/webtier-volumes/shop/{claim}"}
            assert spec["persistentVolumeReclaimPolicy"] == "Retain"
            assert spec["capacity"] == {"storage": "2Gi"}
            (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
            (expression,) = term["matchExpressions"]
            assert (expression["key"], expression["operator"]) == ("kubernetes.io/hostname", "In")
            (nodes[shard, member],) = expression["values"]
    assert len({nodes[shard, 0] for shard in range(3)}) == 3
    assert all(nodes[shard, 0] != nodes[shard, 1] for shard in range(3))

    storage_class = recording.one(STORAGE_CLASS, "redis-volumes").inputs
    assert storage_class["metadata"]["name"] == "shop-redis"
    assert storage_class["provisioner"] == "kubernetes.io/no-provisioner"
    assert storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    (claim_template,) = recording.one(STATEFUL_SET, "redis-shard-0").inputs["spec"]["volumeClaimTemplates"]
    assert claim_template["spec"]["storageClassName"] == "shop-redis"
    assert claim_template["metadata"] == {"name": "data"}


def test_nfs_volumes_are_folders_of_the_server() -> None:
    storage = {"kind": "nfs", "server": "nfs.example.com", "path": "/exports/redis", "storage_class": "shared"}
    recording = record({"storage": storage, "shards": 1})
    spec = recording.one(VOLUME, "redis-shard-0-1").inputs["spec"]
    assert spec["nfs"] == {"server": "nfs.example.com", "path": "/exports/redis/shop/data-redis-shard-0-1"}
    assert spec["storageClassName"] == "shared"
    assert "nodeAffinity" not in spec
    assert recording.one(STORAGE_CLASS, "redis-volumes").inputs["metadata"]["name"] == "shared"


def test_dynamic_storage_makes_nothing_beforehand() -> None:
    recording = record({"storage": {"kind": "dynamic", "storage_class": "fast"}})
    assert recording.of_type(VOLUME) == recording.of_type(STORAGE_CLASS) == []
    (claim_template,) = recording.one(STATEFUL_SET, "redis-shard-0").inputs["spec"]["volumeClaimTemplates"]
    assert claim_template["spec"]["storageClassName"] == "fast"


def test_volumes_go_in_the_order_that_a_destroy_can_follow() -> None:
    """A volume outlives its pods, and does not wait for the namespace that holds its claim."""
    recording = record({"storage": LOCAL})
    for volume in recording.of_type(VOLUME):
        assert "shop" not in volume.dependencies
        assert volume.name in recording.one(CLAIM, f"{volume.name}-data").dependencies
    assert "shop" in recording.one(STATEFUL_SET, "redis-shard-0").dependencies
    assert "shop" not in recording.one("webtier:index:RedisCluster", "redis").dependencies


def test_growing_restarts_nobody() -> None:
    three, four = record({"storage": LOCAL}), record({"storage": LOCAL, "shards": 4})
    two_replicas = record({"storage": LOCAL, "replicas_per_shard": 2})
    for shard in range(3):
        assert template(three, shard) == template(four, shard) == template(two_replicas, shard)
    names = {each.one(JOB, "redis-converge").inputs["metadata"]["name"] for each in (three, four, two_replicas)}
    assert len(names) == 3


def test_a_changed_redis_conf_restarts_the_pods() -> None:
    before = record()
    assert checksum_of(before) == checksum_of(record())
    after = record({"conf": {"appendfsync": "always"}})
    assert "appendfsync always\n" in after.one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"]
    assert checksum_of(before) != checksum_of(after)
    name = before.one(JOB, "redis-converge").inputs["metadata"]["name"]
    assert after.one(JOB, "redis-converge").inputs["metadata"]["name"] == name


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


def test_pods_are_announced_with_node_ports_that_stay_when_the_cluster_grows() -> None:
    small = record({"access": {"pods": {"kind": "node_ports", "first": 30200}}})
    large = record({"access": {"pods": {"kind": "node_ports", "first": 30200}}, "shards": 4, "replicas_per_shard": 2})
    announced = [each.one(CONFIG_MAP, "redis-announced").inputs["data"] for each in (small, large)]
    assert announced[0]["redis-shard-2-1"] == "host 30246 30247"
    assert announced[0].items() <= announced[1].items()
    assert template(small) == template(large), "growing restarts nobody"
    service = small.one(SERVICE, "redis-shard-2-1").inputs["spec"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Local")
    assert [port["nodePort"] for port in service["ports"]] == [30246, 30247]
    assert service["selector"]["statefulset.kubernetes.io/pod-name"] == "redis-shard-2-1"
    assert service["publishNotReadyAddresses"] is True


def test_pods_are_told_that_the_cluster_was_formed_without_waiting_for_it() -> None:
    recording = record()
    (agent,) = template(recording)["spec"]["initContainers"]
    assert "--formed=/etc/webtier-redis/formed/shardsInUse" in agent["args"]
    (volume,) = (each for each in template(recording)["spec"]["volumes"] if each["name"] == "formed")
    assert volume["configMap"] == {"name": "redis-shards", "optional": True}
    marker = recording.one(CONFIG_MAP, "redis-shards")
    assert marker.inputs["data"] == {"shardsInUse": "3"}
    assert any(urn.endswith("::redis-converge") for urn in marker.options.dependencies)


def test_pods_are_announced_inside_when_nobody_is_outside() -> None:
    recording = record()
    assert "redis-announced" not in {each.name for each in recording.of_type(CONFIG_MAP)}
    (agent,) = template(recording)["spec"]["initContainers"]
    assert not any(each.startswith("--announced") for each in agent["args"])


def test_services_and_the_budget_pick_redis_and_nothing_else() -> None:
    recording = record()
    pod_labels = [template(recording, shard)["metadata"]["labels"] for shard in range(3)]
    job_labels = recording.one(JOB, "redis-converge").inputs["spec"]["template"]["metadata"]["labels"]
    (budget,) = recording.of_type(BUDGET)
    assert budget.inputs["spec"]["maxUnavailable"] == 1
    selectors = [each.inputs["spec"]["selector"] for each in recording.of_type(SERVICE)]
    selectors.append(budget.inputs["spec"]["selector"]["matchLabels"])
    assert len(selectors) == 5
    for selector in selectors:
        assert all(selector.items() <= labels.items() for labels in pod_labels)
        assert not selector.items() <= job_labels.items()


def test_each_shard_picks_only_its_own_pods() -> None:
    recording = record()
    for stateful_set in recording.of_type(STATEFUL_SET):
        selector = stateful_set.inputs["spec"]["selector"]["matchLabels"]
        picked = [
            shard for shard in range(3) if selector.items() <= template(recording, shard)["metadata"]["labels"].items()
        ]
        assert [f"redis-shard-{shard}" for shard in picked] == [stateful_set.name]


def test_services_lead_to_redis() -> None:
    recording = record({"access": {"node_port": 30123}})
    nodes = recording.one(SERVICE, "redis-nodes").inputs["spec"]
    assert nodes["clusterIP"] == "None"
    assert nodes["publishNotReadyAddresses"] is True
    (port,) = recording.one(SERVICE, "redis").inputs["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (6379, "redis")
    access = recording.one(SERVICE, "redis-access").inputs["spec"]
    assert (access["type"], access["ports"][0]["nodePort"]) == ("NodePort", 30123)
    balanced = record({"access": {"exposure": {"kind": "load_balancer", "load_balancer_class": "a.example/b"}}})
    access = balanced.one(SERVICE, "redis-access").inputs["spec"]
    assert (access["type"], access["loadBalancerClass"]) == ("LoadBalancer", "a.example/b")


def test_outputs() -> None:
    exports = record(node_address="10.0.0.7").exports
    assert exports["endpoint"] == "redis.shop.svc.cluster.local:6379"
    assert exports["access_port"] == 30010
    assert exports["external_endpoint"] == "10.0.0.7:30010"
    assert exports["password"] == PASSWORD
    inside = record({"access": {"node_port": None}}, node_address="10.0.0.7")
    assert inside.exports.get("external_endpoint") is inside.exports.get("access_port") is None
    assert [each.name for each in inside.of_type(SERVICE) if each.name == "redis-access"] == []


@pytest.mark.parametrize(("kind", "key"), [("hard", "required"), ("soft", "preferred")])
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
    job = record({"formation_seconds": 300}).one(JOB, "redis-converge")
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


def test_tls_is_for_all_of_it_and_its_rotation_restarts_nobody() -> None:
    first, second = (record({"tls": {"kind": "generated", "generation": number}}) for number in (1, 2))
    conf = first.one(CONFIG_MAP, "redis-conf").inputs["data"]["redis.conf"].splitlines()
    assert {"port 0", "tls-port 6379", "tls-cluster yes", "tls-replication yes", "tls-auth-clients no"} <= set(conf)
    assert "port 6379" not in conf
    assert template(first) == template(second)
    secret = first.one(SECRET, "redis-tls")
    assert secret.secret_inputs == {"data"}
    assert set(secret.inputs["data"]) == {"ca.crt", "tls.crt", "tls.key"}
    assert first.one(SECRET, "redis-ca").options.ignoreChanges == ["data"]
    for container in containers(first):
        assert "/etc/webtier-redis/tls" in {mount["mountPath"] for mount in container["volumeMounts"]}, container[
            "name"
        ]


def test_a_certificate_may_come_from_elsewhere() -> None:
    recording = record({"tls": {"kind": "secret", "name": "from-cert-manager", "client_certificates": "yes"}})
    assert {"redis-ca", "redis-tls"}.isdisjoint(each.name for each in recording.of_type(SECRET))
    for spec in pod_specs(recording):
        (volume,) = (each for each in spec["volumes"] if each["name"] == "tls")
        assert volume["secret"]["secretName"] == "from-cert-manager"


def test_the_network_lets_in_what_is_really_used() -> None:
    def rules(**settings: Any) -> dict[int, list[dict[str, Any]]]:
        policy = record(settings).one(NETWORK_POLICY, "redis").inputs["spec"]
        assert policy["podSelector"]["matchLabels"].items() <= template(record())["metadata"]["labels"].items()
        return {rule["ports"][0]["port"]: rule["from"] for rule in policy["ingress"]}

    peers = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "redis"}}}
    default = rules()
    assert default[16379] == [peers]
    assert peers in default[6379]
    assert {"podSelector": {"matchLabels": {}}} in default[6379]
    assert {"ipBlock": {"cidr": "0.0.0.0/0"}} in default[6379]
    assert default[9121] == [
        {
            "podSelector": {"matchLabels": {}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
        }
    ]
    inside = rules(access={"node_port": None}, metrics={"enabled": False}, network_policy={"clients": []})
    assert set(inside) == {6379, 16379}
    assert not any("ipBlock" in peer for peer in inside[6379])
    assert len(inside[6379]) == 2
    balanced = rules(access={"node_port": None, "exposure": {"kind": "load_balancer"}})
    assert {"ipBlock": {"cidr": "0.0.0.0/0"}} in balanced[6379]
    assert record({"network_policy": {"enabled": False}}).of_type(NETWORK_POLICY) == []


def test_claims_are_made_before_their_shard_and_go_after_it() -> None:
    recording = record({"storage": LOCAL})
    claims = recording.of_type(CLAIM)
    assert {each.inputs["metadata"]["name"] for each in claims} == {
        f"data-redis-shard-{shard}-{member}" for shard in range(3) for member in range(2)
    }
    for claim in claims:
        assert claim.inputs["spec"]["resources"]["requests"] == {"storage": "2Gi"}
        volume = claim.inputs["metadata"]["name"].removeprefix("data-")
        assert any(urn.endswith(f"PersistentVolume::{volume}") for urn in claim.options.dependencies)
    for stateful_set in recording.of_type(STATEFUL_SET):
        needed = {each.urn for each in claims if stateful_set.name in each.name}
        assert len(needed) == 2
        assert needed <= set(stateful_set.options.dependencies)
        assert stateful_set.options.ignoreChanges == ["spec.volumeClaimTemplates"]


def test_what_holds_data_can_be_protected() -> None:
    recording = record({"storage": LOCAL}, protect=True)
    assert all(each.options.protect for each in recording.of_type(STATEFUL_SET) + recording.of_type(VOLUME))
    assert not any(each.options.protect for each in record({"storage": LOCAL}).of_type(VOLUME))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shards": 0}, "greater than or equal to 1"),
        ({"network_policy": {"sources": ["10.0.0.1/8"]}}, "a CIDR without host bits"),
        ({"access": {"pods": {"kind": "node_ports", "first": 32767}}}, "need the NodePorts 32767 to 32832"),
        ({"access": {"pods": {"kind": "node_ports", "first": 30000}}}, "one of the pods' own NodePorts 30000 to 30065"),
        ({"shards": -1}, "greater than or equal to 1"),
        ({"shards": "3"}, "valid integer"),
        ({"replicas_per_shard": -1}, "greater than or equal to 0"),
        (
            {"shards": 400, "replicas_per_shard": 2},
            "shards\n.*with replicas_per_shard 2 these are 1200 nodes; allowed: at most 1000",
        ),
        ({"shard": 3}, "Extra inputs are not permitted"),
        ({"image": "redis"}, "an image with its tag or digest"),
        ({"conf": {"maxmemory_percent": 90}}, "less than or equal to 75"),
        ({"conf": {"maxmemory_policy": "lru"}}, "'noeviction', 'allkeys-lru'"),
        ({"conf": {"appendonly": False, "save": []}}, "allowed: appendonly true, or at least one save point"),
        ({"resources": {"limits": {"memory": None}}}, "limits.memory\n.*not set, and maxmemory is derived from it"),
        ({"resources": {"limits": {"memory": "8Mi"}, "requests": None}}, "valid dictionary"),
        (
            {"resources": {"limits": {"memory": "8Mi"}, "requests": {"memory": "8Mi"}}},
            "limits.memory\n.*too little, .* at least '32Mi'",
        ),
        ({"storage": {"kind": "floppy"}}, "'local', 'nfs', 'dynamic'"),
        ({"storage": {"kind": "local", "nodes": []}}, "at least 1 item"),
        ({"storage": {"kind": "local", "nodes": ["a", "b", "a"]}}, "a is named twice; allowed: each node once"),
        ({"storage": {"kind": "local", "nodes": ["a"], "root": "/srv/../etc"}}, "absolute path without '..'"),
        ({"storage": {"kind": "nfs", "server": "nfs", "path": "/x", "size": "10"}}, "at least '1Mi'"),
        (
            {"storage": {"kind": "local", "nodes": ["a", "b"]}, "anti_affinity": "hard", "replicas_per_shard": 2},
            "storage.nodes\n.*2 nodes for 3 members a shard, and anti_affinity is hard",
        ),
        ({"access": {"node_port": 80}}, "greater than or equal to 30000"),
        ({"agent": {"code": "baked"}}, "'mounted' or 'in_image'"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RedisClusterSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"shards": 1, "replicas_per_shard": 2}, "shards is 1: there is no automatic failover below three shards"),
        ({"shards": 2}, "shards is 2: there is no automatic failover below three shards"),
        ({"replicas_per_shard": 0}, "while a node is away, so are the keys of its shard"),
        ({"storage": {"kind": "local", "nodes": ["a"]}}, "one lost node can take a master and its replica"),
        ({"storage": {"kind": "local", "nodes": ["a", "b"]}}, "without a majority of the masters"),
        ({"storage": {"kind": "dynamic", "size": "512Mi"}}, "can fill the volume"),
        ({"conf": {"appendonly": False}}, "a restart loses every write since the last snapshot"),
    ],
)
def test_what_may_surprise_is_said(settings: dict[str, Any], note: str) -> None:
    (warning,) = record(settings).warnings
    assert warning.startswith("redis: ")
    assert note in warning


@pytest.mark.parametrize("name", ["Redis", "9lives", "a_b", "", "r" * 41, "redis-"])
def test_a_name_that_dns_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't name a RedisCluster; allowed: 1 to 40 of a-z"):
        run_recorded(lambda: RedisCluster(name, RedisClusterArgs(RedisClusterSettings(), "shop", PASSWORD)))
