"""Which URLs are answered otherwise after a change of rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from operations.preview.forecast.answers import ChangedAnswer, changed_answers
from webtier.path_rules import HostSettings, PathRule, RuleSet


def rules(*given: Mapping[str, Any], hosts: Mapping[str, Any] | None = None) -> RuleSet:
    settings = {host: HostSettings.model_validate(each) for host, each in (hosts or {}).items()}
    return RuleSet.of([PathRule.model_validate(each) for each in given], settings, "web")


def told(before: RuleSet, after: RuleSet) -> list[tuple[str, str, str]]:
    return [_told(each) for each in changed_answers(before, after)]


def _told(each: ChangedAnswer) -> tuple[str, str, str]:
    before, after = (", ".join((side.who, *side.details)) for side in (each.before, each.after))
    return "".join(each.place), before, after


def urls(before: RuleSet, after: RuleSet) -> Iterable[str]:
    return {each.url for each in changed_answers(before, after)}


A = {"path": "/a", "backend": "a"}


def test_no_change_has_none() -> None:
    assert told(rules(A), rules(A)) == []
    assert told(rules(A, {"path": "/b", "backend": "b"}), rules({"path": "/b", "backend": "b"}, A)) == []


def test_a_new_rule_takes_its_urls_from_the_one_that_had_them() -> None:
    before, after = rules(A), rules(A, {"path": "/a/b", "backend": "b"})
    assert told(before, after) == [
        ("/a/b, /a/b/… on every other host", "a, by the prefix rule /a", "b, by the prefix rule /a/b")
    ]
    (changed,) = changed_answers(before, after)
    assert (changed.url, changed.others, changed.host, changed.is_by_another) == ("any.example/a/b", 1, "", True)
    assert (changed.old_rule, changed.old) == ("prefix /a", "a is asked for /a/b")
    assert (changed.new_rule, changed.new) == ("prefix /a/b", "b is asked for /a/b")


def test_a_rule_that_goes_leaves_its_urls_to_the_default_backend() -> None:
    pay = {"path": "/pay", "backend": "pay", "rewrite": "strip_prefix"}
    by_rule = "pay, asked for /, with X-Forwarded-Prefix: /pay, by the prefix rule /pay"
    by_none = "web, asked for /pay, as default_backend, since no rule is for it"
    place = "/pay, /pay/… on every other host"
    assert told(rules(pay), rules()) == [(place, by_rule, f"{by_none} any more")]
    assert told(rules(), rules(pay)) == [(place, by_none, by_rule)]


def test_a_rule_that_goes_without_a_default_backend_leaves_nothing() -> None:
    rule = PathRule.model_validate(A)
    ((_, _, after),) = told(RuleSet.of([rule], {}, None), RuleSet.of([], {}, None))
    assert after == "nothing, since no rule is for it any more"


def test_a_rule_for_all_paths_has_no_url_without_a_slash() -> None:
    ((place, _, _),) = told(rules(), rules({"path": "/", "backend": "b"}))
    assert place == "/, /… on every other host"


def test_a_path_of_a_rule_stands_for_itself_and_many_are_counted() -> None:
    many = [{"path": f"/a/{n}", "backend": "b", "match": "exact"} for n in "wxyz"]
    assert {each.alike for each in changed_answers(rules(A), rules(A, *many))} == {(f"/a/{n}",) for n in "wxyz"}
    regex = {"path": "/(a|b|c|d|e)", "match": "regex", "backend": "b"}
    ((place, _, _),) = told(rules(regex), rules({**regex, "backend": "c"}))
    assert place.endswith(" more on every other host")


def test_another_backend_of_a_regex() -> None:
    before, after = (rules({"path": "/v[0-9]+", "match": "regex", "backend": name}) for name in ("a", "b"))
    (changed,) = changed_answers(before, after)
    assert (changed.old_rule, changed.new_rule) == ("regex /v[0-9]+", "regex /v[0-9]+")
    assert changed.old.startswith("a is asked")
    assert changed.new.startswith("b is asked")


def test_a_rewrite_and_a_canary_are_other_answers() -> None:
    assert urls(rules(A), rules({**A, "rewrite": "strip_prefix"})) == {"any.example/a"}
    canary = {"kind": "weight", "backend": "c", "weight": 20}
    (changed,) = changed_answers(rules(A), rules({**A, "canary": canary}))
    assert not changed.is_by_another
    assert _told(changed)[1:] == ("a", "a, c gets 1 of 5 such requests instead")


def test_an_answer_that_is_no_service_s_is_told_in_its_own_words() -> None:
    redirect = {"path": "/a", "redirect": {"to": "https://a.example/", "code": 302}}
    assert [each[1:] for each in told(rules(A), rules(redirect))] == [("a, asked for /a", "302 to https://a.example/")]


def test_a_host_that_gets_rules_of_its_own_no_longer_sees_those_of_every_host() -> None:
    assert "shop.example/a" in urls(rules(A), rules(A, {"host": "shop.example", "path": "/b", "backend": "b"}))


def test_options_of_the_rule_are_told_too() -> None:
    (said,) = told(rules(A), rules({**A, "access": {"allow": ["192.0.2.0/24"]}}))
    assert said == ("/a, /a/… on every other host", "a", "a, only 192.0.2.0/24")


def test_a_certain_host_is_named() -> None:
    rule = {**A, "host": "shop.example"}
    ((place, _, _),) = told(rules(rule), rules({**rule, "backend": "b"}))
    assert place == "shop.example/a, /a/…"
