"""A Redis Cluster of its own, deployed in other shapes and with other settings than the stack `local`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from components.redis_cluster.exporter import METRICS_PORT
from components.redis_cluster.redis_conf import BUS_PORT, PORT
from devcluster.builds import required_module
from tests.cluster.probe_pods import probe_pods
from tests.cluster.tier import Tier, eventually
from tests.faults import verify
from tests.faults.access import Access
from tests.faults.deployment import RedisDeployment
from tests.faults.observer import Facts, Observer, Shape
from tests.faults.processes import paused

NAMESPACE = "shapes"
HEALTHY_SECONDS = 90.0
OPERATOR = "github.com/prometheus-operator/prometheus-operator"


@pytest.fixture(scope="module")
def deployment(tier: Tier) -> Iterator[RedisDeployment]:
    """Empty at first: each test brings it into its own shape, with the data that the ones before have left."""
    # Not the ports of the stack `local` and of the faults.
    made = RedisDeployment(tier, NAMESPACE, {"access": {"pods": {"kind": "node_ports", "first": 31600}}})
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


@pytest.mark.parametrize(("shards", "replicas"), [(1, 2), (3, 2), (4, 1), (3, 0), (3, 1)])
def test_one_shape_becomes_another_with_all_its_data(
    deployment: RedisDeployment, standing: Standing, shards: int, replicas: int
) -> None:
    """From the classic three pods to nine, and back to six."""
    changes = _shape(shards, replicas)
    deployment.up(changes)
    found = standing.check(deployment, changes)
    nodes_of_shards = [{facts.pod.node for facts in found if facts.pod.shard == shard} for shard in range(shards)]
    assert all(len(nodes) == replicas + 1 for nodes in nodes_of_shards), "two members of a shard on one node"
    claims = deployment.tier.items("persistentvolumeclaims", "-n", NAMESPACE)
    assert len(claims) == shards * (replicas + 1)


def test_a_drain_that_fails_deletes_nothing(deployment: RedisDeployment, standing: Standing) -> None:
    """Neither in an update that goes on after errors; the next one finishes it."""
    grown = _shape(4, 1)
    deployment.up(grown)
    found = standing.check(deployment, grown)
    receiver = next(facts.pod for facts in found if facts.is_master and facts.pod.shard == 0)
    with paused(receiver):
        with pytest.raises(automation.CommandError, match="redis-converge"):
            deployment.up({"formation_seconds": 30}, continue_on_error=True)
        sets = {item["metadata"]["name"] for item in deployment.tier.items("statefulsets", "-n", NAMESPACE)}
        assert "redis-shard-3" in sets
        pods = deployment.tier.items("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=redis")
        assert len(pods) == 8
    deployment.up()
    standing.check(deployment, {})


def test_a_targeted_deletion_of_a_shard_in_use_is_refused(deployment: RedisDeployment, standing: Standing) -> None:
    """Who targets the StatefulSet alone leaves out the Job that drains it."""
    grown = _shape(4, 1)
    deployment.up(grown)
    standing.check(deployment, grown)
    (urn,) = (urn for urn in deployment.urns() if urn.endswith(":StatefulSet::redis-shard-3"))
    with pytest.raises(automation.CommandError, match="4 shards are in use"):
        deployment.up(target=[urn], target_dependents=True, continue_on_error=True)
    standing.check(deployment, grown)
    deployment.up()
    standing.check(deployment, {})


def test_only_clients_and_scrapers_get_in(deployment: RedisDeployment) -> None:
    policy = {
        "clients": [{"labels": {"may": "use-redis"}}],
        # The machines, whose pods reach the announced addresses with their own.
        "sources": ["10.79.0.0/24"],
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
    folder = required_module(Path(__file__).parent / "custom_resources", OPERATOR, tier.paths)
    files = [
        str(folder / "example" / "prometheus-operator-crd" / f"monitoring.coreos.com_{kind}.yaml")
        for kind in ("servicemonitors", "prometheusrules")
    ]
    options = [word for file in files for word in ("-f", file)]
    tier.kubectl("apply", "--server-side", *options)
    tier.kubectl("wait", "--for=condition=Established", *options, "--timeout=60s")
    yield
    tier.kubectl("delete", "--ignore-not-found", *options, "--timeout=60s")


@pytest.mark.usefixtures("operator_crds")
def test_prometheus_operator_takes_the_monitor_and_the_rules(deployment: RedisDeployment) -> None:
    """The API server checks both against the definitions that the operator publishes."""
    deployment.up({"metrics": {"prometheus_operator": {"enabled": True}}})
    get = ("get", "servicemonitor,prometheusrule", "-n", NAMESPACE, "-o", "json")
    found = {item["kind"]: item for item in json.loads(deployment.tier.kubectl(*get))["items"]}
    (endpoint,) = found["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint["port"] == "metrics"
    groups = found["PrometheusRule"]["spec"]["groups"]
    assert sum(len(group["rules"]) for group in groups) >= 19
    # Before the definitions go.
    deployment.up()
    assert json.loads(deployment.tier.kubectl(*get))["items"] == []
