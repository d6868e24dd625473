"""Every field of the rule model, shown by requests to the real controller: docs/conformance.md lists them."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.conformance.case import Case, Texts
from tests.cluster.conformance.harness.asking import Answer
from tests.cluster.conformance.harness.stack import CHAPTERS, ConformanceStack

CASES = [case for chapter in CHAPTERS.values() for case in chapter.cases]
SLOW = [case for chapter in CHAPTERS.values() for case in chapter.slow]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_gets_its_answer(conformance: ConformanceStack, case: Case) -> None:
    check(case, conformance.controller.ask(case.ask))


@pytest.fixture(scope="module")
def slow_answers(conformance: ConformanceStack) -> dict[str, Answer]:
    """Asked all at once, since each takes seconds."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        answers = pool.map(conformance.controller.ask, [case.ask for case in SLOW])
        return {case.name: answer for case, answer in zip(SLOW, answers, strict=True)}


@pytest.mark.parametrize("case", SLOW, ids=lambda case: case.name)
def test_a_slow_request_gets_its_answer(slow_answers: dict[str, Answer], case: Case) -> None:
    check(case, slow_answers[case.name])


def check(case: Case, answer: Answer) -> None:
    """AssertionError for anything that is not as the case says."""
    assert (answer.status, answer.service) == (case.status, case.service), answer
    _check_texts(answer.headers, case.headers)
    _check_texts(answer.cookies, case.cookies)
    if case.certificate is not None:
        assert case.certificate in answer.certificate_names
    if case.service is None:
        return
    assert answer.echo["path"] == (case.ask.target if case.path is None else case.path)
    if case.port is not None:
        assert answer.echo["port"] == case.port
    if case.service != "errors":
        # An answer for another is asked for by the controller, with a method of its own.
        assert answer.echo["method"] == case.ask.method
        assert answer.echo.get("length", len(answer.echo.get("body", ""))) == case.ask.size
    _check_texts(answer.echo["headers"], case.seen)


def _check_texts(found: Mapping[str, str], expected: Texts) -> None:
    for name, value in expected.items():
        text = found.get(name)
        if isinstance(value, re.Pattern):
            assert text is not None, name
            assert value.fullmatch(text), (name, text)
        else:
            assert text == value, (name, text)
