"""Which URLs are answered otherwise after a change of rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from operations.preview.forecast.answers import changed_answers
from webtier.path_rules import HostSettings, PathRule, RuleSet


def rules(*given: Mapping[str, Any], hosts: Mapping[str, Any] | None = None) -> RuleSet:
    settings = {host: HostSettings.model_validate(each) for host, each in (hosts or {}).items()}
    return RuleSet.of([PathRule.model_validate(each) for each in given], settings, "web")


def told(before: RuleSet, after: RuleSet) -> list[str]:
    return [str(each) for each in changed_answers(before, after)]


def urls(before: RuleSet, after: RuleSet) -> Iterable[str]:
    return {each.url for each in changed_answers(before, after)}


A = {"path": "/a", "backend": "a"}


def test_no_change_has_none() -> None:
    assert told(rules(A), rules(A)) == []
    assert told(rules(A, {"path": "/b", "backend": "b"}), rules({"path": "/b", "backend": "b"}, A)) == []


def test_a_new_rule_takes_its_urls_from_the_one_that_had_them() -> None:
    assert told(rules(A), rules(A, {"path": "/a/b", "backend": "b"})) == [
        "any.example/a/b (and 1 like it): a is asked for /a/b, by prefix /a → b is asked for /a/b, by prefix /a/b"
    ]


def test_a_rule_that_goes_leaves_its_urls_to_the_default_backend() -> None:
    (said,) = told(rules(A), rules())
    assert "by prefix /a → web (default_backend) is asked for /a, by default_backend" in said


def test_another_backend_of_a_regex() -> None:
    before, after = (rules({"path": "/v[0-9]+", "match": "regex", "backend": name}) for name in ("a", "b"))
    (changed,) = changed_answers(before, after)
    assert (changed.old_rule, changed.new_rule) == ("regex /v[0-9]+", "regex /v[0-9]+")
    assert changed.old.startswith("a is asked")
    assert changed.new.startswith("b is asked")


def test_a_rewrite_and_a_canary_are_other_answers() -> None:
    assert urls(rules(A), rules({**A, "rewrite": "strip_prefix"})) == {"any.example/a"}
    canary = {"kind": "weight", "backend": "c", "weight": 20}
    (said,) = told(rules(A), rules({**A, "canary": canary}))
    assert "c gets 1 of 5 such requests instead" in said


def test_a_host_that_gets_rules_of_its_own_no_longer_sees_those_of_every_host() -> None:
    assert "shop.example/a" in urls(rules(A), rules(A, {"host": "shop.example", "path": "/b", "backend": "b"}))


def test_options_of_the_rule_are_told_too() -> None:
    (said,) = told(rules(A), rules({**A, "access": {"allow": ["192.0.2.0/24"]}}))
    assert said.startswith("any.example/a (and 1 like it): a is asked for /a, by prefix /a → ")
    assert "192.0.2.0/24" in said
