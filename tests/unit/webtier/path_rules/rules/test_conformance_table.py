"""The cases of tests/cluster/conformance: every field of the model has one, and docs/conformance.md has them all."""

import pytest

from tests.cluster.conformance import test_traffic
from tests.cluster.conformance.case import Behaviour, Case
from tests.cluster.conformance.document import DOCUMENT, fields_of_rules, shown_by_field, with_cases
from tests.cluster.conformance.harness.stack import CHAPTERS, ports_of_services, rule_set
from webtier.path_rules.checks.all_checks import check_rules

SHOWN = [shown for chapter in CHAPTERS.values() for shown in chapter.all_cases]


@pytest.mark.parametrize("field", fields_of_rules())
def test_every_field_has_a_case(field: str) -> None:
    assert field in shown_by_field()


def test_every_case_names_fields_that_there_are() -> None:
    # Of a group, `strip_prefix` is all that is below it.
    assert set(shown_by_field()) - set(fields_of_rules()) == {"routes[].rewrite"}


def test_every_case_is_another() -> None:
    cases = [shown for shown in SHOWN if isinstance(shown, Case)]
    assert len({case.name for case in cases}) == len(cases) >= 120


@pytest.mark.parametrize(
    "behaviour", [shown for shown in SHOWN if isinstance(shown, Behaviour)], ids=lambda behaviour: behaviour.test
)
def test_every_behaviour_has_its_test(behaviour: Behaviour) -> None:
    assert callable(getattr(test_traffic, behaviour.test))


def test_the_rules_of_all_chapters_go_together() -> None:
    assert check_rules(rule_set(), ports_of_services()) == []


def test_the_document_is_up_to_date() -> None:
    document = DOCUMENT.read_text()
    assert document == with_cases(document), "run: python -m tests.cluster.conformance.document"
