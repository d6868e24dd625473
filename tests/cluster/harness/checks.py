"""What must hold whenever the tier is well: the README's promises, as checks that any test can repeat."""

from typing import Any

from tests.cluster.harness.tier import SLOTS, Tier
from webtier.redis_cluster.agent.redis.view import FAILED_FLAGS

PAGES = {
    "/user": "user-v1",
    "/user/profile": "user-v1",
    "/pay": "pay-v1",
    "/pay/now": "pay-v1",
    "/": "user-v1",
    "/no/such/path": "user-v1",
    "/payment": "user-v1",
    "/PAY": "user-v1",
}
"""Paths and the web service whose page answers them in the stack `local`."""


def check_routes(tier: Tier) -> None:
    for path, page in PAGES.items():
        answer = tier.get(path)
        assert (answer.status_code, answer.text.strip()) == (200, page), path


def redis_nodes(tier: Tier) -> list[dict[str, Any]]:
    """Every member with its Kubernetes node: {id, role, master, node, slots, link}."""
    hosts = {pod["status"].get("hostIP"): pod["spec"].get("nodeName") for pod in tier.pods()}
    with tier.redis() as client:
        nodes = client.cluster_nodes()
    return [
        {
            "id": details["node_id"],
            "role": "master" if "master" in details["flags"] else "replica",
            "failed": not FAILED_FLAGS.isdisjoint(details["flags"].split(",")),
            "master": details["master_id"],
            "node": hosts.get(address.rsplit(":", 1)[0]),
            "slots": sum(
                int(last) - int(first) + 1
                for first, last in (pair if len(pair) == 2 else (pair[0], pair[0]) for pair in details["slots"])
            ),
            "connected": details["connected"],
        }
        for address, details in nodes.items()
    ]


def check_redis_topology(tier: Tier) -> None:
    nodes = redis_nodes(tier)
    masters = {node["id"]: node for node in nodes if node["role"] == "master"}
    replicas = [node for node in nodes if node["role"] == "replica"]
    assert (len(masters), len(replicas)) == (3, 3)
    assert sum(node["slots"] for node in masters.values()) == SLOTS
    assert all(node["connected"] and not node["failed"] for node in nodes)
    for replica in replicas:
        assert replica["node"]
        assert replica["node"] != masters[replica["master"]]["node"]


def check_redis_state(tier: Tier) -> None:
    with tier.redis() as client:
        for node in client.get_nodes():
            info = client.cluster_info(target_nodes=node)
            assert info["cluster_state"] == "ok"
            assert int(info["cluster_slots_ok"]) == SLOTS


def check_all(tier: Tier) -> None:
    check_routes(tier)
    check_redis_topology(tier)
    check_redis_state(tier)
