"""Rules that share an object have to fit into it."""

import json
from hashlib import sha256

import pytest

from tests.unit.webtier.path_rules.harness.rule_objects import as_object, rule, rule_set
from webtier.path_rules.checks.object_size import MOST_BYTES, size_problems
from webtier.path_rules.ingress.render import compile_rules
from webtier.path_rules.rules.model import PathRule

SERVICES = ("user-v1", "pay-v1", "errors")


def test_more_rules_than_an_ingress_holds_are_refused() -> None:
    """With nothing in common there is nothing to put together."""
    words = [sha256(str(number).encode()).hexdigest() * 3 for number in range(9000)]
    rules = [rule(f"/{word[:165]}", SERVICES[number % 3]) for number, word in enumerate(words)]
    [problem] = size_problems(rule_set(rules))
    assert problem.place == ("routes",)
    assert "the 9000 rules for all hosts" in problem.message


def test_twenty_thousand_rules_as_people_write_them_fit() -> None:
    rules = [rule(f"/tenants/{number % 400}/service-{number}", SERVICES[number % 3]) for number in range(20_000)]
    assert not list(size_problems(rule_set(rules)))
    assert size_of(rules) < MOST_BYTES


def test_what_is_let_through_is_no_longer_than_was_reckoned() -> None:
    """At its longest: no two rules go together, since each has another within it."""
    rules = [rule(path) for number in range(1500) for path in (f"/v1.{number}", f"/v1.{number}/a.b")]
    assert not list(size_problems(rule_set(rules)))
    assert size_of(rules) < 3000 * (200 + 12)


def size_of(rules: list[PathRule]) -> int:
    [compiled] = compile_rules("routes", rule_set(rules))
    return len(
        json.dumps(
            [
                {
                    "backend": {"service": {"name": each.service, "port": {"number": 80}}},
                    "path": each.path,
                    "pathType": each.path_type,
                }
                for each in as_object(compiled).paths
            ]
        )
    )


def test_a_star_behind_a_prefix_is_told_apart_from_other_signs() -> None:
    for path, meant in (("/api/*", "/api"), ("/*", "/")):
        with pytest.raises(ValueError, match=f"allowed: '{meant}', with match: prefix"):
            rule(path)
