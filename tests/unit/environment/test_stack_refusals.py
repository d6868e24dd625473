"""Stacks that can't be, of every kind that was once taken: one clear report, at the right key."""

from collections import Counter

import pytest
import yaml

from tests.refused_rules.case import Refused
from tests.refused_stacks import REFUSED
from tests.unit.webtier.path_rules.checks.test_refusals import parse, report


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_the_report_names_the_key_its_value_and_what_to_do(refused: Refused) -> None:
    lines = report(**yaml.safe_load(refused.yaml))
    assert lines[0] == "1 setting is wrong in the stack 'dev'; nothing was changed.", lines
    assert lines[2] == f"  webtier:{refused.key}" + ("" if refused.value is None else f" = {refused.value}")
    assert refused.reason in lines[3]
    assert "allowed" in lines[3] or "needed" in lines[3] or "leave" in lines[3]
    assert len(lines) == 6


def test_there_are_more_than_a_hundred_and_none_twice() -> None:
    assert [name for name, count in Counter(refused.name for refused in REFUSED).items() if count > 1] == []
    assert len({refused.yaml for refused in REFUSED}) == len(REFUSED) >= 120


def test_each_is_refused_for_what_is_wrong_in_it() -> None:
    """Were the stack's other settings wrong, every case above would be refused whatever stands in it."""
    for text in (
        "routes: [{host: a.example, path: /x, redirect: {to: 'http://a.example/y'}}]",
        "node_address: 'fd00::7'",
        "{ingress: {install: false, class_name: nginx, http_url: 'http://[fd00::7]:8080', https_url: 'https://a.example'}}",
        "ingress: {config: {proxy-body-size: 8m, log-format-upstream: $status}}",
        "services: {user-v1: {image: 'a:1', env: {PORT: '8080'}}, pay-v1: {image: 'a:1'}}",
    ):
        assert parse(**yaml.safe_load(text))
