"""The Markdown of a comment: whatever stands in it, and however much it is."""

import re
from dataclasses import replace

import pytest

from operations.preview.forecast.answers import ChangedAnswer, Told
from operations.preview.model.differences import Difference
from operations.preview.report.build import build
from operations.preview.report.document import Report
from operations.preview.report.html import html
from operations.preview.report.markdown import LIMIT, markdown
from operations.preview.report.terminal import terminal
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step
from tests.unit.operations.preview.report.reports import LOST, ROLLED, SCALED, WEB, report, stack


@pytest.mark.parametrize("hostile", ["```\n# done\n", "`a`", "</details><script>alert(1)</script>", "| a | @everyone"])
def test_nothing_in_a_value_ends_its_place(hostile: str) -> None:
    events = [changed("ConfigMap", "a", {"x": "1"}, {"x": hostile}, WEB)]
    made = Report((stack(change_of(*events), Difference(("services", hostile), 1, hostile)),))
    text = markdown(made)
    assert blocks_end(text)
    assert text.count("<details>") == outside_of_code(text).count("<details>") == 1
    assert "<script>" not in outside_of_code(text)
    assert "@everyone" not in outside_of_code(text)
    assert "<script>" not in html(made)


def _answered(who: str, detail: str) -> ChangedAnswer:
    before, after = Told("a"), Told(who, (detail,))
    alike = ("/a", "/a/…")
    return ChangedAnswer("any.example/a", "prefix /a", "a", "prefix /b", who, alike=alike, before=before, after=after)


def test_urls_that_are_answered_otherwise_are_a_table() -> None:
    found = [_answered("b", "by the prefix rule /b"), _answered("a", "asked for /")]
    made = Report((build(change_of(SCALED), "its state", (), found),))
    assert (
        "| URL | before | after |\n| --- | --- | --- |\n"
        "| `/a, /a/…` on every other host | **`a`** | **`b`**, by the prefix rule /b |\n"
        "| `/a, /a/…` on every other host | `a` | `a`, asked for / |\n\n"
    ) in markdown(made)
    page = html(made)
    assert "<tr><th>URL</th><th>before</th><th>after</th></tr>" in page
    assert "<td><code>/a, /a/…</code> on every other host</td><td><b>a</b></td>" in page
    assert "<td>a</td><td>a, asked for /</td>" in page
    place = "    /a, /a/… on every other host\n"
    assert f"{place}      before: a\n      after:  b, by the prefix rule /b\n" in terminal(made)


@pytest.mark.parametrize("hostile", ["a | b", "`a` | `b`", "</table><script>alert(1)</script>", "a\n\n@everyone"])
def test_nothing_in_an_answer_ends_its_cell(hostile: str) -> None:
    changed = replace(_answered(hostile, hostile), alike=(f"/{hostile}",))
    made = Report((build(change_of(SCALED), "its state", (), [changed]),))
    (row,) = [line for line in markdown(made).splitlines() if "on every other host" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    assert "@everyone" not in outside_of_code(row)
    assert "<script>" not in outside_of_code(row)
    assert "<script>" not in html(made)


def test_a_short_comment_counts_urls() -> None:
    made = Report((build(change_of(SCALED), "its state", (), [_answered("b", "x" * 100)] * 500),))
    text = markdown(made, 12_000)
    assert len(text) <= 12_000
    assert re.search(r"\n\n… \d+ more URLs\n", text)


def blocks_end(text: str) -> bool:
    """Whether every fenced block of a Markdown text has its end."""
    fence = ""
    for line in text.splitlines():
        if not fence and line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        elif fence and line == fence:
            fence = ""
    return fence == ""


def outside_of_code(text: str) -> str:
    """A Markdown text without its fenced blocks and code spans."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        else:
            kept.append(without_spans(line))
    return "\n".join(kept)


def without_spans(line: str) -> str:
    result, rest = "", line
    while "`" in rest:
        before, _, rest = rest.partition("`")
        result += before
        ticks = "`" + rest[: len(rest) - len(rest.lstrip("`"))]
        rest = rest[len(ticks) - 1 :]
        _, end, rest = rest.partition(ticks)
        assert end, line
        rest = rest.lstrip("`")
    return result + rest


def test_a_comment_is_never_too_long_nor_cut_within_a_block() -> None:
    long = [
        changed(
            "Ingress",
            f"rule-{n}",
            {"a": "x" * 300},
            {"a": f"{n}" * 100, "b": "y\n" * 50},
            component("PathRules", f"r{n % 40}"),
        )
        for n in range(2000)
    ]
    settings = [Difference(("routes", f"[{n}]"), n, "z" * 200) for n in range(2000)]
    made = Report((stack(change_of(*long, LOST), *settings),))
    text = markdown(made)
    assert len(text) <= LIMIT
    assert blocks_end(text)
    assert "redis-shard-2 is deleted" in text
    for limit in (20_000, 5_000):
        assert "redis-shard-2 is deleted" in markdown(made, limit)


def test_two_settings_are_told_on_one_screen() -> None:
    made = report(SCALED, ROLLED)
    assert len(terminal(made).splitlines()) <= 30
    assert len(markdown(made).splitlines()) <= 60


def test_a_new_stack_is_told_on_one_screen() -> None:
    events = [step("create", "Service", f"s{n}", parent=WEB, new=state("Service", f"s{n}", WEB)) for n in range(100)]
    text = terminal(report(*events))
    assert "user-v1 (WebService): 100 objects to create" in text
    assert len(text.splitlines()) <= 40
