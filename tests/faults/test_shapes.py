"""A Redis Cluster of its own, deployed in other shapes and with other settings than the stack `local`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi import automation

from devcluster.cluster.node import Node
from devcluster.plan import LOCAL_VOLUMES
from tests.cluster.harness.custom_resources import definitions
from tests.cluster.harness.tier import Tier, eventually
from tests.faults.clients.access import Access
from tests.faults.harness import verify
from tests.faults.harness.deployment import NAME, RedisDeployment
from tests.faults.harness.observer import Facts, Observer, Shape
from tests.faults.harness.probe_pods import probe_pods
from webtier.redis_cluster.monitoring.alerts import rule_groups
from webtier.redis_cluster.monitoring.exporter import METRICS_PORT
from webtier.redis_cluster.pod.redis_conf import BUS_PORT
from webtier.redis_common.conf import PORT

NAMESPACE = "shapes"
HEALTHY_SECONDS = 90.0
OPERATOR = "github.com/prometheus-operator/prometheus-operator"


@pytest.fixture(scope="module")
def deployment(tier: Tier) -> Iterator[RedisDeployment]:
    """Empty at first: each test brings it into its own shape, with the data that the ones before have left."""
    # Not the ports of the stack `local` and of the faults.
    made = RedisDeployment(
        tier, NAMESPACE, {"access": {"exposure": None, "pods": {"kind": "node_ports", "first": 31600}}}
    )
    made.destroy()
    yield made
    made.destroy()


class Standing:
    """Data that is written once and has to be there after every change."""

    def __init__(self) -> None:
        self.data: dict[str, str] = {}

    def check(self, deployment: RedisDeployment, changes: Mapping[str, Any]) -> list[Facts]:
        """The cluster is well in its new shape, and all data is there."""
        deployment.write_access()
        access = Access.read(deployment.access_file)
        settings = deployment.settings(changes)
        with Observer(deployment.access_file, Shape(settings.shards, settings.replicas_per_shard)) as observer:

            def well() -> None:
                assert observer.good_for() >= 1.0, observer.complaint()

            eventually(well, HEALTHY_SECONDS, pause=0.1)
            if not self.data:
                self.data = dict(verify.standing_data("shapes"))
                verify.write(observer.look, access, self.data)
            assert verify.missing(observer.look, access, self.data) == []
            return observer.look()


@pytest.fixture(scope="module")
def standing() -> Standing:
    return Standing()


def _shape(shards: int, replicas: int) -> dict[str, Any]:
    return {"shards": shards, "replicas_per_shard": replicas}


GROWN = _shape(4, 1)


@pytest.mark.parametrize(("shards", "replicas"), [(1, 2), (3, 2), (4, 1)])
def test_one_shape_becomes_another_with_all_its_data(
    deployment: RedisDeployment, standing: Standing, shards: int, replicas: int
) -> None:
    """From the classic three pods to nine, and to more shards with fewer replicas."""
    changes = _shape(shards, replicas)
    deployment.up(changes)
    found = standing.check(deployment, changes)
    nodes_of_shards = [{facts.pod.node for facts in found if facts.pod.shard == shard} for shard in range(shards)]
    assert all(len(nodes) == replicas + 1 for nodes in nodes_of_shards), "two members of a shard on one node"
    claims = deployment.tier.items("persistentvolumeclaims", "-n", NAMESPACE)
    assert len(claims) == shards * (replicas + 1)


@pytest.fixture(scope="module")
def grown(deployment: RedisDeployment, standing: Standing) -> list[Facts]:
    """Four shards with a replica each; usually the test before has left it so."""
    deployment.up(GROWN)
    return standing.check(deployment, GROWN)


def test_a_targeted_deletion_of_a_shard_in_use_is_refused(
    deployment: RedisDeployment, standing: Standing, grown: list[Facts]
) -> None:
    """Who targets the StatefulSet alone leaves out the Job that drains it: that deletes nothing."""
    assert grown
    (urn,) = (urn for urn in deployment.urns() if urn.endswith(":StatefulSet::redis-shard-3"))
    changed = deployment.up(target=[urn], target_dependents=True, continue_on_error=True)
    assert (changed.summary.resource_changes or {}).keys() == {"same"}
    with pytest.raises(automation.CommandError, match="--target-dependents"):
        deployment.destroy_by_pulumi(target=[urn], continue_on_error=True)
    with pytest.raises(AssertionError, match="4 shards are in use"):
        deployment.kubectl("delete", "statefulset", "redis-shard-3")
    standing.check(deployment, GROWN)


def test_an_update_shrinks_again(deployment: RedisDeployment, standing: Standing, grown: list[Facts]) -> None:
    assert grown
    deployment.up()
    standing.check(deployment, {})


def test_only_clients_and_scrapers_get_in(deployment: RedisDeployment) -> None:
    policy = {
        "clients": [{"labels": {"may": "use-redis"}}],
        # The machines, whose pods reach the announced addresses with their own.
        "source_ranges": ["10.79.0.0/24"],
        "metrics": [{"namespace": NAMESPACE, "labels": {"may": "scrape"}}],
    }
    deployment.up({"network_policy": policy})
    ports = (PORT, BUS_PORT, METRICS_PORT)
    labels = {"client": {"may": "use-redis"}, "scraper": {"may": "scrape"}, "stranger": {"may": "nothing"}}
    redis = deployment.tier.items("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=redis")[0]["status"]["podIP"]
    with probe_pods(deployment.tier, NAMESPACE, labels) as pods:

        def check() -> None:
            reached = {name: pod.reached(redis, ports) for name, pod in pods.items()}
            assert reached == {"client": {PORT}, "scraper": {METRICS_PORT}, "stranger": set()}

        eventually(check, 60)
        deployment.up({"network_policy": {"enabled": False}})

        def check_open() -> None:
            assert pods["stranger"].reached(redis, ports) == set(ports)

        eventually(check_open, 60)


@pytest.fixture
def operator_crds(tier: Tier) -> Iterator[None]:
    """The published definitions, as a cluster with Prometheus' operator has them."""
    folder = "example/prometheus-operator-crd"
    kinds = ("servicemonitors", "prometheusrules")
    with definitions(tier, OPERATOR, *(f"{folder}/monitoring.coreos.com_{kind}.yaml" for kind in kinds)):
        yield


@pytest.mark.usefixtures("operator_crds")
def test_prometheus_operator_takes_the_monitor_and_the_rules(deployment: RedisDeployment) -> None:
    """The API server checks both against the definitions that the operator publishes."""
    deployment.up({"metrics": {"prometheus_operator": {"enabled": True}}})
    kinds = ("servicemonitor,prometheusrule", "-n", NAMESPACE)
    found = {item["kind"]: item for item in deployment.tier.items(*kinds)}
    (endpoint,) = found["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint["port"] == "metrics"
    written = rule_groups(NAME, NAMESPACE, deployment.settings())
    assert found["PrometheusRule"]["spec"] == json.loads(json.dumps(written))
    # Before the definitions go.
    deployment.up()
    assert deployment.tier.items(*kinds) == []


def _volume(machine: Node, folder: str, size: str) -> list[dict[str, Any]]:
    """A class of volumes that may grow, and one volume of it."""
    name = f"{NAMESPACE}-growing"
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [machine.name]}
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": name,
            "local": {"path": folder},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
    return [storage_class, volume]


def test_a_claim_grows_in_place(deployment: RedisDeployment) -> None:
    """The claim's request changes; nothing is replaced, and no pod restarts. (Growing is the storage's own work.)"""
    tier, name = deployment.tier, f"{NAMESPACE}-growing"
    deployment.destroy()
    folder = f"{LOCAL_VOLUMES}/{NAMESPACE}/growing"
    machine = tier.cluster.nodes[0]
    machine.run(["install", "-d", "-o", "999", "-g", "999", folder])
    tier.apply(*_volume(machine, folder, "2Gi"))

    def changes(size: str) -> dict[str, Any]:
        return {**_shape(1, 0), "storage": {"kind": "dynamic", "storage_class": name, "size": size}}

    def identities() -> list[str]:
        found = tier.items("pvc,statefulset", "-n", NAMESPACE)
        pods = tier.items("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=redis")
        return [item["metadata"]["uid"] for item in [*found, *pods]]

    deployment.up(changes("1Gi"))
    before = identities()
    assert len(before) == 3
    deployment.up(changes("2Gi"))
    assert identities() == before
    (claim,) = tier.items("pvc", "-n", NAMESPACE)
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
