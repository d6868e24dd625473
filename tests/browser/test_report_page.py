"""The HTML page of a preview, in a browser."""

import re
from dataclasses import replace

import pytest

from operations.preview.model.differences import Difference
from operations.preview.report.build import build
from operations.preview.report.document import Report
from operations.preview.report.html import html
from tests.browser.conftest import Look
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step

WEB = component("WebService", "user-v1")
LONG = "x" * 300
EVENTS = (
    changed("Deployment", "user-v1", {"spec": {"replicas": 3, LONG: 1}}, {"spec": {"replicas": 5, LONG: 2}}, WEB),
    changed("ConfigMap", "files", {"data": {"a": f"one\n{LONG}\n"}}, {"data": {"a": f"two\n{LONG}y\n"}}, WEB),
    step("delete", "Secret", LONG, old=state("Secret", LONG)),
)
PHONE, TABLET, DESK = 360, 768, 1400


def _page() -> str:
    change = change_of(*EVENTS)
    setting = Difference(("services", LONG), LONG, f"{LONG}y")
    stacks = [build(replace(change, stack=name), "its state", [setting]) for name in ("dev", "staging", "prod")]
    return html(Report(tuple(stacks), commit="c0ffee" * 7, base="origin/main", run=f"https://ci.example/{LONG}"))


@pytest.mark.parametrize("width", [PHONE, TABLET, DESK])
def test_nobody_has_to_scroll_sideways(look: Look, width: int) -> None:
    seen = look(_page(), "const all = document.documentElement; return [all.scrollWidth, all.clientWidth];", width)
    assert seen[0] <= seen[1]


def test_what_the_change_does_is_seen_whole_on_a_phone(look: Look) -> None:
    script = """
        const cells = [...document.querySelectorAll(".matrix td:last-child")];
        const right = Math.max(...cells.map((cell) => cell.getBoundingClientRect().right));
        return [right, document.documentElement.clientWidth, cells[0].innerText];
    """
    right, width, text = look(_page(), script, PHONE)
    assert right <= width
    assert "1 danger" in text


def test_text_is_large_enough_on_a_phone(look: Look) -> None:
    script = """
        const sizes = [...document.querySelectorAll("p, li, td, code, pre, summary")]
            .map((each) => parseFloat(getComputedStyle(each).fontSize));
        return Math.min(...sizes);
    """
    assert look(_page(), script, PHONE) >= 14


def test_the_verdict_and_what_is_dangerous_are_seen_without_a_click(look: Look) -> None:
    script = """
        const danger = document.querySelector(".dangers li"), box = danger.getBoundingClientRect();
        return [document.querySelector("h1").innerText, danger.innerText, box.height > 0, danger.closest("details")];
    """
    heading, danger, is_seen, folded = look(_page(), script, PHONE)
    assert "destructive" in heading
    assert "is deleted" in danger
    assert is_seen
    assert folded is None


def test_links_lead_to_each_stack(look: Look) -> None:
    script = (
        'return [...document.querySelectorAll("td a")].map((a) => !!document.querySelector(a.getAttribute("href")));'
    )
    assert look(_page(), script, PHONE) == [True, True, True]


def test_nothing_comes_from_elsewhere(look: Look) -> None:
    script = 'return performance.getEntriesByType("resource").map((each) => each.name);'
    assert look(_page(), script, DESK) == []
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", _page())
