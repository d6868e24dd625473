"""How a Redis Cluster is reached: Services, announced addresses, network policies and outputs."""

from typing import Any

from tests.unit.webtier.redis_cluster.redis_objects import (
    BUDGET,
    CONFIG_MAP,
    JOB,
    NETWORK_POLICY,
    PASSWORD,
    SERVICE,
    STATEFUL_SET,
    record,
    template,
)


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
    # A pod that waits for a person's decision would keep its node from being drained.
    assert budget.inputs["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
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
