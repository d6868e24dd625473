"""The text of the comment."""

from pathlib import Path

import pytest

from operations.preview.comment.body import LIMIT, Part, Run, body, parts_in, parts_of

RUN = Run(57, 2)
URL = "https://ci.example.com/57"


def report(verdict: str, *, dangers: int = 0, details: int = 0) -> str:
    """A report as `report.md` has it."""
    dangerous = ["### Dangerous", "", *(f"- **prod, deleted**: {number} is deleted." for number in range(dangers)), ""]
    lines = [f"## Preview: {verdict}", "", "| stack | verdict |", "", *(dangerous if dangers else [])]
    return "\n".join([*lines, "### prod", "", *["detail"] * details]).strip()


def test_the_worst_verdict_of_all_comes_first() -> None:
    parts = [Part("diff", report("safe")), Part("dev", report("review")), Part("prod", report("destructive"))]
    assert body(parts, RUN, URL).splitlines()[1] == "# Preview: destructive"


def test_stacks_come_before_the_part_without_credentials() -> None:
    text = body([Part("diff", report("safe")), Part("prod", report("review"))], RUN, URL)
    assert text.index("# prod, with its state") < text.index("# All stacks, compared with the base")


def test_what_is_missing_is_named() -> None:
    text = body([Part("diff"), Part("dev", report("safe")), Part("prod")], RUN, URL)
    assert "Not there yet, or without a report: diff, prod." in text
    assert "# Preview: not there yet" in body([Part("diff")], RUN, URL)


def test_a_report_that_is_none_has_failed() -> None:
    assert "# Preview: failed" in body([Part("diff", "make: *** [preview] Error 1")], RUN, URL)


def test_a_comment_tells_its_run_and_parts() -> None:
    parts = [Part("diff", report("safe", details=3)), Part("dev"), Part("prod", report("review"))]
    text = body(parts, RUN, URL)
    assert Run.of(text) == RUN
    assert parts_of(text) == {"diff": parts[0].text, "prod": parts[2].text}


@pytest.mark.parametrize(("details", "dangers"), [(10_000, 3), (10_000, 100), (10, 3_000)])
def test_what_is_too_long_is_shortened_dangers_last(details: int, dangers: int) -> None:
    parts = [Part(name, report("destructive", dangers=dangers, details=details)) for name in ("diff", "dev", "prod")]
    text = body(parts, RUN, URL)
    assert len(text) <= LIMIT
    assert text.count("## Preview: destructive") == 3
    assert "in the run's artifact" in text
    assert ("99 is deleted" in text) or dangers != 100


def test_only_what_is_needed_is_shortened() -> None:
    parts = [Part("diff", report("review", details=10_000)), Part("dev", report("review", details=100))]
    text = body(parts, RUN, URL)
    assert text.count("detail") == 100


def test_reports_are_found_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "preview-dev").mkdir()
    (tmp_path / "preview-dev" / "report.md").write_bytes(
        b"## Preview: safe\n\xff\n<!-- webtier part prod -->\nfooled\n"
    )
    parts = parts_in(tmp_path, ["diff", "dev"])
    assert [(part.name, part.verdict) for part in parts] == [("diff", ""), ("dev", "safe")]
    assert [*parts_of(body(parts, RUN, URL))] == ["dev"]
