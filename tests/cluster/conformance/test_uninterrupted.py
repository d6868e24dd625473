"""Restarts and a promotion under load, without a request that fails. It comes last, since it moves the controller."""

from collections import Counter

import pytest

from tests.cluster.conformance.harness.asking import Ask
from tests.cluster.conformance.harness.load import Load
from tests.cluster.conformance.harness.stack import INGRESS_NAMESPACE, NAMESPACE, ROLLING, ConformanceStack
from tests.cluster.harness.tier import eventually

V1, V2 = "rolling-v1", "rolling-v2"
WEIGHT = {"kind": "weight", "backend": V2}


@pytest.fixture(scope="module")
def reached_anywhere(conformance: ConformanceStack) -> ConformanceStack:
    """With the traffic policy `Cluster`, so that the controller may come up on another node than the one asked."""
    conformance.traffic_policy = "Cluster"
    conformance.rolling = {"backend": V1, "canary": {**WEIGHT, "weight": 20}}
    conformance.up()
    return conformance


def loaded(conformance: ConformanceStack) -> Load:
    return Load(conformance.controller, Ask(ROLLING, "/x"))


def check(load: Load, what: str) -> None:
    print(f"{what}: {load}")  # noqa: T201 - the figures are what the test is for
    assert load.failures == []


def test_a_canary_is_promoted(reached_anywhere: ConformanceStack) -> None:
    stack = reached_anywhere
    with loaded(stack) as load:
        load.wait_for(V2)
        stack.rolling["canary"] = {**WEIGHT, "weight": 100}
        stack.up()
        load.wait_for(V2)
        stack.rolling = {"backend": V2}
        stack.up()
        load.wait_for(V2)
    check(load, "promotion of a canary")
    assert set(load.services) == {V1, V2}
    assert Counter(stack.controller.ask(load.ask).service for _ in range(20)) == {V2: 20}


def test_a_web_service_is_restarted(reached_anywhere: ConformanceStack) -> None:
    with loaded(reached_anywhere) as load:
        restart(reached_anywhere, NAMESPACE, V2)
    check(load, "restart of a web service")


def test_the_controller_is_restarted(reached_anywhere: ConformanceStack) -> None:
    with loaded(reached_anywhere) as load:
        restart(reached_anywhere, INGRESS_NAMESPACE, "conformance-controller")
        load.wait_for(V2)
    check(load, "restart of the controller")


def restart(stack: ConformanceStack, namespace: str, name: str) -> None:
    """Returns when none of the pods of before is there any more."""

    def pods() -> set[str]:
        found = stack.tier.items("pods", "-n", namespace)
        return {pod["metadata"]["name"] for pod in found if pod["metadata"]["name"].startswith(name)}

    before = pods()
    stack.tier.kubectl("rollout", "restart", "deployment", name, "-n", namespace)

    def is_done() -> None:
        stack.tier.kubectl("rollout", "status", "deployment", name, "-n", namespace, "--timeout=100s")
        assert not before & pods()

    eventually(is_done, 300)
