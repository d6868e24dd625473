"""Values that are changed to and fro: after each `up` settings, state and live objects say the same.

The provider once recorded the object of before an update as that of after it, so that the change back was taken for
none: components/webtier/shared/waiting.py.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from environment.settings.plain_data import as_list, as_object
from tests.cluster.harness.stacks.rules_stack import WEB_IMAGE, RulesStack
from tests.cluster.harness.tier import Tier
from webtier.path_rules import PathRule
from webtier.web_service import WebServiceSettings

ROUNDS = int(os.environ.get("FLIPS", "2"))
"""With the old way of waiting five of eight updates of six rules went wrong. `make flips` makes 20 rounds."""

HOST = "flips.example"
VALUES = (20, 50)
KINDS = ("Ingress", "Service", "Deployment")


def services(value: int) -> dict[str, WebServiceSettings]:
    """Deployments and Services with the value in the pods, in the Service's spec, and in labels."""
    common: dict[str, Any] = {"image": WEB_IMAGE, "replicas": 1}
    given: dict[str, dict[str, Any]] = {
        "env-v1": {"env": {"VALUE": str(value)}},
        "label-v1": {"labels": {"value": str(value)}},
        "service-v1": {
            "exposure": {"kind": "cluster_ip", "client_ip_affinity_seconds": value},
            "ports": {"http": {"port": 80, "target_port": 8080}, "more": {"port": 8000 + value, "target_port": 8080}},
        },
        "canary-v2": {},
    }
    return {name: WebServiceSettings.model_validate(common | own) for name, own in given.items()}


def rules(value: int, changed: int) -> list[PathRule]:
    """Six rules, of which so many have the value, and one with a canary that always has it."""
    numbers = [value if number < changed else VALUES[0] for number in range(6)]
    given: list[dict[str, Any]] = [
        {"path": f"/rule-{position}", "backend": "env-v1", "timeouts": {"read_seconds": number}}
        for position, number in enumerate(numbers)
    ]
    canary = {"kind": "weight", "backend": "canary-v2", "weight": value}
    given.append({"path": "/canary", "backend": "label-v1", "canary": canary})
    return [PathRule.model_validate({"host": HOST, **each}) for each in given]


@pytest.fixture(scope="module")
def flips(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RulesStack]:
    stack = RulesStack(tier, tmp_path_factory.mktemp("flips"), "flips", 32061)
    stack.default_backend = "service-v1"
    prepare(stack, VALUES[0], 6)
    with stack.deployed(destroy=False):
        yield stack


def prepare(stack: RulesStack, value: int, changed: int) -> None:
    stack.services, stack.rules = services(value), rules(value, changed)


def deploy(stack: RulesStack, value: int, changed: int) -> None:
    prepare(stack, value, changed)
    stack.up()


def differences(sent: object, found: object, place: str = "") -> list[str]:
    """Where `found` is not what was sent; what was not sent does not count."""
    fields, items = as_object(sent), as_list(sent)
    if fields is not None:
        there = as_object(found)
        if there is None:
            return [f"{place}: {sent} sent, {found} found"]
        # Pulumi's own bookkeeping is in the state alone.
        keys = [key for key in fields if not key.startswith("__")]
        return [line for key in keys for line in differences(fields[key], there.get(key), f"{place}.{key}")]
    if items is not None:
        listed = as_list(found)
        if listed is None or len(listed) != len(items):
            return [f"{place}: {sent} sent, {found} found"]
        return [line for n, each in enumerate(items) for line in differences(each, listed[n], f"{place}[{n}]")]
    return [] if sent == found or place.endswith((".cpu", ".memory")) else [f"{place}: {sent!r} sent, {found!r} found"]


def live_objects(stack: RulesStack) -> dict[tuple[str, str], dict[str, Any]]:
    listed = stack.tier.items(",".join(KINDS), "-n", stack.namespace)
    return {(each["kind"], each["metadata"]["name"]): each for each in listed}


def timeouts_of(live: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, str]:
    """What the live Ingresses say, by the rule that their path is for."""
    return {
        f"/rule-{number}": each["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-read-timeout"]
        for (kind, _), each in live.items()
        if kind == "Ingress"
        for rule in each["spec"]["rules"]
        for path in rule["http"]["paths"]
        for number in range(6)
        if f"rule-{number}" in path["path"]
    }


def test_no_change_is_lost_on_the_way_there_or_back(flips: RulesStack) -> None:
    lost: list[str] = []
    for number in range(ROUNDS):
        value, changed = VALUES[(number + 1) % 2], (6, 3, 1)[number // 2 % 3]
        deploy(flips, value, changed)
        live = live_objects(flips)
        for key, (inputs, outputs) in flips.recorded().items():
            if key[0] in KINDS:
                lost += [f"round {number}: in the state {key}{line}" for line in differences(inputs, outputs)]
                lost += [f"round {number}: live {key}{line}" for line in differences(inputs, live.get(key))]
        wanted = {f"/rule-{n}": str(value if n < changed else VALUES[0]) for n in range(6)}
        if (found := timeouts_of(live)) != wanted:
            lost.append(f"round {number}: {found} instead of {wanted}")
        canary = [each for (kind, name), each in live.items() if kind == "Ingress" and name.endswith("-canary")]
        weights = [each["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"] for each in canary]
        if weights != [str(value)]:
            lost.append(f"round {number}: a canary of {weights} instead of {value}")
        left = flips.preview()
        if set(left) != {"same"}:
            lost.append(f"round {number}: the preview after it says {left}")
    assert not lost, "\n".join(lost)


def test_an_update_ends_when_its_pods_run(flips: RulesStack) -> None:
    """Several Deployments at once: what is known of the first must not end the wait for the others."""
    early: list[str] = []
    for value in (*VALUES[::-1], *VALUES[::-1]):
        deploy(flips, value, 6)
        for (kind, name), each in live_objects(flips).items():
            if kind != "Deployment":
                continue
            status, wanted = each["status"], each["spec"]["replicas"]
            counts = [status.get(count, 0) for count in ("replicas", "updatedReplicas", "availableReplicas")]
            if status["observedGeneration"] != each["metadata"]["generation"] or set(counts) != {wanted}:
                early.append(f"{name}: {counts} of {wanted}")
    assert not early, "\n".join(early)
