"""The report as the comment of a pull request: GitHub's Markdown, of at most 65,536 characters.

What is too long is shortened by its structure, first fields, then objects, then components and settings, and never by
cutting the text. What is dangerous always stands there whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from operations.diagram.mermaid import mermaid
from operations.preview.forecast.answers import ChangedAnswer, Told
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.report.document import Report, StackReport, Verdict
from operations.preview.report.likeness import Alike, AlikeComponents, alike_components, counted_steps
from operations.preview.report.listed_dangers import Listed, as_allowances, listed, to_be_allowed
from operations.preview.report.pictures import changed_picture
from operations.preview.report.sentences import (
    advice,
    advised,
    columns,
    compared_with,
    diagnostics,
    follows,
    gate,
    headline,
    mark,
    origins,
    pending,
    provenance,
    summary,
)
from operations.preview.report.texts import changed_lines, old_and_new
from operations.preview.report.verdicts import explanation

LIMIT = 65_536 - 136
"""Characters that GitHub takes in a comment, less some for the mark by which ours is found."""


@dataclass(frozen=True)
class _Detail:
    """At most so many settings, components of a stack, objects of a component, and fields of an object."""

    settings: int
    components: int
    objects: int
    fields: int


_DETAILS = (
    _Detail(10_000, 10_000, 10_000, 10_000),
    _Detail(400, 200, 50, 20),
    _Detail(200, 200, 20, 5),
    _Detail(100, 100, 10, 0),
    _Detail(40, 40, 0, 0),
    _Detail(5, 5, 0, 0),
    _Detail(0, 0, 0, 0),
)


def markdown(report: Report, limit: int = LIMIT) -> str:
    """The comment. If even the dangers alone are longer than `limit`, it is longer too: they are never left out."""
    text = ""
    for detail in _DETAILS:
        text = "\n".join(_lines(report, detail)).rstrip() + "\n"
        if len(text) <= limit:
            break
    return text


def _lines(report: Report, detail: _Detail) -> Iterator[str]:
    yield f"## Preview: {report.verdict}"
    yield ""
    yield from _matrix(report)
    if said := gate(report):
        yield f"**{_escaped(said)}**"
        yield ""
    parts = list(_merged(report, detail))
    told = {each.stack for stacks, _ in parts for each in stacks}
    alone = [each for each in report.stacks if report.are_compared_alike or each.stack not in told]
    if origin := [each for each in (provenance(report), compared_with(alone) if alone else "") if each]:
        yield from map(_escaped, origin)
        yield ""
    yield from _dangers(report, detail)
    for stacks, lines in parts:
        yield f"### {', '.join(each.stack for each in stacks)}" + (" (the same in each)" if len(stacks) > 1 else "")
        yield ""
        if not report.are_compared_alike:
            yield _escaped(compared_with(stacks))
            yield ""
        yield from lines


def _matrix(report: Report) -> Iterator[str]:
    shown = columns(report)
    yield "| " + " | ".join(["stack", "verdict", *(f"to {each}" for each in shown), "what it does"]) + " |"
    yield "| " + " | ".join(["---", "---", *("---:" for _ in shown), "---"]) + " |"
    for stack in report.stacks:
        settings, others = headline(stack)
        cells = [
            _escaped(stack.stack),
            f"**{stack.verdict}**: {_escaped(explanation(stack))}",
            *(str(stack.counts.get(each) or "") for each in shown),
            "; ".join([*map(_code_in_cell, settings), *map(_escaped, others)]),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _dangers(report: Report, detail: _Detail) -> Iterator[str]:
    entries = listed(report.worst_first)
    if not entries:
        return
    yield "### Dangerous"
    yield ""
    yield from map(_danger, entries)
    yield ""
    allowable = to_be_allowed(entries)
    if allowable and detail.components:
        yield "<details><summary>As allowances.yaml takes them</summary>"
        yield ""
        yield from _fenced([as_allowances(allowable).rstrip()], "yaml")
        yield "</details>"
        yield ""
    elif allowable:
        yield "The run's artifact has them as allowances.yaml takes them."
        yield ""


def _danger(entry: Listed) -> str:
    place = f" {_code(entry.place)}" if entry.place else ""
    allowed = f" Allowed: {_escaped(entry.allowance)}" if entry.allowance else ""
    return f"- **{_escaped(entry.stack)}, {entry.kind}**: {_escaped(entry.what)}{allowed}{place}"


def _merged(report: Report, detail: _Detail) -> Iterator[tuple[list[StackReport], list[str]]]:
    """The parts of the stacks that have something to say, with all whose part is the same, in the order given."""
    parts: dict[str, list[StackReport]] = {}
    for stack in report.worst_first:
        if stack.verdict is not Verdict.NO_CHANGES or stack.settings or stack.drift:
            parts.setdefault("\n".join(_of_stack(stack, detail)), []).append(stack)
    for part, stacks in parts.items():
        yield sorted(stacks, key=report.stacks.index), part.split("\n")


def _diagnostics(stack: StackReport) -> Iterator[str]:
    for is_line, group in groupby(diagnostics(stack), lambda each: "\n" not in each.message.strip()):
        said = [f"{each.severity}: {each.message.strip()}" for each in group]
        if is_line:
            yield from (f"- {_escaped(each)}" for each in said)
            yield ""
        else:
            for each in said:
                yield from _fenced([each], "text")


def _of_stack(stack: StackReport, detail: _Detail) -> Iterator[str]:
    yield from _diagnostics(stack)
    if stack.settings:
        yield "**Settings that differ**"
        yield ""
        yield from _some([_field(each) for each in stack.settings], detail.settings, "settings")
        yield ""
    if causes := origins(stack):
        yield "<details><summary>Which setting changes which fields</summary>"
        yield ""
        yield from _some([f"- {_escaped(line)}" for line in causes], detail.settings, "causes")
        yield ""
        yield "</details>"
        yield ""
    if sentences := stack.forecast.sentences:
        yield "**What it does**"
        yield ""
        yield from _some([f"- {_escaped(each)}" for each in sentences], detail.settings, "sentences")
        yield ""
    if stack.answers:
        yield "**URLs that are answered otherwise**"
        yield ""
        yield from _answers(stack.answers, detail.settings)
    if stack.drift:
        yield "**Changed in the cluster since the last update**"
        yield ""
        yield from _some([f"- {_escaped(each)}" for each in stack.drift], detail.settings, "sentences")
        yield ""
    if detail.objects and (picture := changed_picture(stack)):
        yield "<details><summary>What changes, in a picture</summary>"
        yield ""
        yield from _fenced([mermaid(picture, compact=True).rstrip()], "mermaid")
        yield "</details>"
        yield ""
    if stack.components:
        yield f"**Objects**: {summary(stack)}"
        yield ""
        told = alike_components(stack.components)
        for component in told[: detail.components]:
            yield from _component(component, detail)
        if left := sum(len(each.components) for each in told[detail.components :]):
            yield f"And {left} more components: the whole is in the run's artifact."
        if noise := follows(stack.components):
            yield noise
            yield ""
    if waiting := pending(stack):
        yield waiting
        yield ""
    yield from _advice(stack, detail)


def _answers(answers: Sequence[ChangedAnswer], most: int) -> Iterator[str]:
    if most:
        yield "| URL | before | after |"
        yield "| --- | --- | --- |"
    for each in answers[:most]:
        paths, where = each.place
        cells = (_cell(paths) + where, *(_answer(told, each) for told in (each.before, each.after)))
        yield f"| {' | '.join(cells)} |"
    if most:
        yield ""
    if len(answers) > most:
        yield f"… {len(answers) - most} more URLs"
        yield ""


def _answer(told: Told, changed: ChangedAnswer) -> str:
    who = f"**{_cell(told.who)}**" if changed.is_by_another else _cell(told.who)
    return ", ".join([who, *map(_escaped, told.details)])


def _cell(text: str) -> str:
    """A code span within a table, which a `|` in it would end."""
    return _code(text).replace("|", "\\|")


def _advice(stack: StackReport, detail: _Detail) -> Iterator[str]:
    found = advice(stack)
    if not found:
        if said := advised(stack):
            yield f"{said}."
            yield ""
        return
    yield f"<details><summary>{_html(advised(stack))}</summary>"
    yield ""
    lines = [f"- {_code(name)}: {_escaped(each)}" for name, said in sorted(found.items()) for each in said]
    yield from _some(lines, detail.objects, "sentences")
    yield ""
    yield "</details>"
    yield ""


def _component(component: AlikeComponents, detail: _Detail) -> Iterator[str]:
    groups = component.groups
    steps = [each.step for group in groups for each in group.objects]
    yield f"<details><summary>{_html(component.heading)}: {_html(counted_steps(steps))}</summary>"
    yield ""
    lines: list[str] = []
    for each in groups[: detail.objects]:
        lines += _group(each, detail.fields)
    if left := sum(len(group.objects) for group in groups[detail.objects :]):
        lines.append(f"… {left} more objects")
    yield from _fenced(lines, "diff")
    yield "</details>"
    yield ""


def _group(each: Alike, most: int) -> Iterator[str]:
    yield f"{mark(each.operation)} {each.title}"
    for difference in each.fields[:most]:
        lines = changed_lines(difference)
        path = format_path(difference.path)
        if lines is None:
            yield f"    {path}: {old_and_new(difference)}"
        else:
            yield f"    {path}:"
            yield from lines
    if len(each.fields) > most:
        yield f"    … {len(each.fields) - most} more fields"


def _field(difference: Difference) -> str:
    return f"- {_code(format_path(difference.path))}: {_code(old_and_new(difference))}"


def _some(lines: Sequence[str], most: int, what: str) -> Iterator[str]:
    yield from lines[:most]
    if len(lines) > most:
        yield f"- … {len(lines) - most} more {what}"


def _fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """A block that nothing in its text can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from (part for line in lines for part in line.split("\n"))
    yield fence
    yield ""


def _code(text: str) -> str:
    """A code span that nothing in its text can end, on one line."""
    text = re.sub(r"\s+", " ", text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _code_in_cell(text: str) -> str:
    """A code span in a cell of a table, which ends at a `|` in code too."""
    return _escaped(text) if set(text) & set("\\|") else _code(text)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; nobody is notified of an @ in it."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", text)
    return _html(text).replace("@", "@&#8203;")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
