"""Wrong rules never leave this machine: the engine's error names the rule, and no Ingress has been touched."""

from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from pulumi import automation

from tests.cluster.conformance.harness.stack import NAMESPACE, ConformanceStack, all_rules

NEXT = len(all_rules()) + 1
"""The position of the first rule that a test adds."""


@dataclass(frozen=True)
class Refused:
    """`rules` are added to all others, and `said` is what the error has to say of one of them."""

    name: str
    rules: str
    said: tuple[str, ...]


REFUSED = (
    Refused(
        "two canaries on one rule",
        "- {host: new.example, path: /a, backend: rolling-v1, canary: "
        "[{kind: weight, backend: rolling-v2, weight: 20}, {kind: weight, backend: door, weight: 10}]}",
        ("canary",),
    ),
    Refused(
        "two canaries on one rule, as two rules",
        "[{host: new.example, path: /a, backend: rolling-v1, canary: {kind: weight, backend: rolling-v2, weight: 20}}, "
        "{host: new.example, path: /a, backend: rolling-v1, canary: {kind: weight, backend: door, weight: 10}}]",
        (f"routes.{NEXT + 1}.path = '/a': routes[{NEXT}] has this path already for host new.example",),
    ),
    Refused(
        "a canary that is a rule's backend, one that no request reaches, and a group that no regex has",
        "[{host: new.example, path: /a, backend: rolling-v1, canary: {kind: weight, backend: beta, weight: 20}}, "
        "{host: new.example, path: /b, backend: alpha}, {host: new.example, path: '/b(/.*)?', match: regex, "
        "backend: alpha}, {host: new.example, path: '/c/([0-9]+)', match: regex, backend: alpha, "
        "rewrite: {kind: regex, to: /$2}}]",
        (
            f"routes.{NEXT}.canary.backend = 'beta': ",
            f"routes.{NEXT + 1}.path = '/b': no request reaches this rule: routes[{NEXT + 2}]",
            f"routes.{NEXT + 3}.rewrite.to = '/$2': the regex captures 1 group",
        ),
    ),
    Refused(
        "a path that differs in case alone from one of the other rules",
        "[{host: plain.example, path: /User, backend: alpha}]",
        (f"routes.{NEXT}.path = '/User': routes[0] has this path already for host plain.example",),
    ),
)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_the_error_names_the_rule_and_nothing_is_sent(conformance: ConformanceStack, refused: Refused) -> None:
    before = sent(conformance)
    conformance.more = yaml.safe_load(refused.rules)
    try:
        with pytest.raises(automation.CommandError) as caught:
            conformance.up()
    finally:
        conformance.more = []
    shown = str(caught.value)
    assert [text for text in refused.said if text not in shown] == [], shown
    assert sent(conformance) == before


def sent(conformance: ConformanceStack) -> dict[str, tuple[Any, ...]]:
    """Each Ingress by its name: which it is, and what it was sent with. Its status is the controller's own."""
    return {
        (metadata := item["metadata"])["name"]: (
            metadata["uid"],
            metadata["generation"],
            metadata.get("labels"),
            metadata.get("annotations"),
            item["spec"],
        )
        for item in conformance.tier.items("ingresses", "-n", NAMESPACE)
    }
