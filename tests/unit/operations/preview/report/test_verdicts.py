"""What is said of a verdict: the reasons for it that apply."""

from dataclasses import replace
from typing import Any

import pytest

from operations.preview.forecast.answers import ChangedAnswer
from operations.preview.gate.dangers import ENGINES_OWN
from operations.preview.report.build import build
from operations.preview.report.document import StackReport, Verdict
from operations.preview.report.verdicts import explanation
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step

REDIS = component("RedisCluster", "redis")
RULE = component("PathRule", "pay")
ROLLED = changed("Deployment", "a", {"spec": {"template": {"a": 1}}}, {"spec": {"template": {"a": 2}}})
NO_PODS = {"replicas": 0}
ANSWER = ChangedAnswer("a.example/", "prefix /", "a is asked", "prefix /", "b is asked")
REFUSED: dict[str, Any] = {
    "policyEvent": {
        "policyName": "no-node-port",
        "enforcementLevel": "mandatory",
        "message": "No.",
        "policyPackName": "webtier",
    }
}
ITS_WORD = {"diagnosticEvent": {"severity": "error", "message": ENGINES_OWN}}


def stack(*events: Any, answers: tuple[ChangedAnswer, ...] = (), **options: Any) -> StackReport:
    return build(change_of(*events, **options), "its state", None, answers)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([ROLLED], "pods restart; no data goes"),
        ([step("delete", "Service", "a", old=state("Service", "a"))], "objects go; no data goes"),
        ([changed("Ingress", "a", {"x": 1}, {"x": 2})], "rules change; no data goes"),
        ([changed("Deployment", "a", {"spec": {"replicas": 3}}, {"spec": {"replicas": 1}})], "fewer pods run; no data"),
        (
            [
                changed(
                    "Deployment",
                    "a",
                    {"spec": {**NO_PODS, "template": {}}},
                    {"spec": {**NO_PODS, "template": {"a": 1}}},
                )
            ],
            "templates of pods change; no data goes",
        ),
    ],
)
def test_of_review_it_says_what_to_read(events: list[Any], said: str) -> None:
    found = stack(*events)
    assert found.verdict is Verdict.REVIEW
    assert explanation(found).startswith(said)


def test_several_reasons_are_said_together_and_rules_by_their_urls() -> None:
    deleted = step("delete", "Ingress", "a", old=state("Ingress", "a"))
    found = stack(ROLLED, deleted, answers=(ANSWER,))
    assert explanation(found) == "pods restart, URLs are answered otherwise; no data goes"


def test_a_component_is_no_object_that_goes() -> None:
    metadata: dict[str, Any] = {"op": "delete", "urn": RULE, "old": {"parent": "", "inputs": {}}, "new": None}
    deleted = step("delete", "Ingress", "a", parent=RULE, old=state("Ingress", "a", RULE))
    found = stack({"resourcePreEvent": {"metadata": metadata}}, deleted)
    assert explanation(found) == "rules change; no data goes"


def test_of_failed_it_says_which() -> None:
    failed = "the preview failed: what would change is not known"
    assert explanation(stack(result="failed")) == explanation(stack(ends=False)) == failed
    assert explanation(stack(REFUSED, ITS_WORD, result="failed")) == "a policy refuses it"
    other = {"diagnosticEvent": {"severity": "error", "message": "no such image"}}
    assert explanation(stack(REFUSED, other, result="failed")) == f"{failed}; a policy refuses it"


def test_of_destructive_it_says_what_goes() -> None:
    gone = step(
        "delete", "StatefulSet", "redis-shard-0", parent=REDIS, old=state("StatefulSet", "redis-shard-0", REDIS)
    )
    assert explanation(stack(gone)).startswith("data would be deleted")
    kept, open_ = state("Secret", "a", protect=True), state("Secret", "a")
    assert explanation(stack(step("same", "Secret", "a", old=kept, new=open_))) == "protection from deletion would go"


def test_nothing_is_said_of_what_does_not_change() -> None:
    assert explanation(stack()) == "nothing would change"
    assert explanation(replace(stack(), verdict=Verdict.SAFE)) == "nothing goes, and no pod restarts"
