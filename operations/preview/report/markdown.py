"""The report as the comment of a pull request: GitHub's Markdown, of at most 65,536 characters.

What is too long is shortened by its structure, first fields, then objects, then components and settings, and never by
cutting the text. What is dangerous always stands there whole.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.diagram.mermaid import mermaid
from operations.preview.forecast.answers import ChangedAnswer, Told
from operations.preview.gate.dangers import Danger
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.report.document import Report, StackReport, Verdict
from operations.preview.report.likeness import Alike, AlikeComponents, alike_components
from operations.preview.report.pictures import changed_picture
from operations.preview.report.sentences import (
    COUNTED,
    VERDICTS,
    advice,
    advised,
    counted,
    follows,
    gate,
    mark,
    origins,
    pending,
    provenance,
    summary,
)
from operations.preview.report.texts import changed_lines, old_and_new

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
    if origin := provenance(report):
        yield _escaped(origin)
        yield ""
    dangerous = [stack for stack in report.stacks if stack.dangers]
    if dangerous:
        yield "### Dangerous"
        yield ""
        for stack in dangerous:
            yield from (_danger(stack.stack, each) for each in stack.dangers)
        yield ""
    for names, lines in _merged(report.stacks, detail):
        yield f"### {', '.join(names)}" + (" (the same in each)" if len(names) > 1 else "")
        yield ""
        yield from lines


def _matrix(report: Report) -> Iterator[str]:
    yield "| stack | verdict | " + " | ".join(f"to {each}" for each in COUNTED) + " | compared with |"
    yield "| --- | --- | " + " | ".join("---:" for _ in COUNTED) + " | --- |"
    for stack in report.stacks:
        counts = " | ".join(str(stack.counts.get(each) or "") for each in COUNTED)
        verdict = f"**{stack.verdict}**: {VERDICTS[stack.verdict]}"
        yield f"| {_escaped(stack.stack)} | {verdict} | {counts} | {_escaped(stack.against)} |"
    yield ""


def _danger(stack: str, danger: Danger) -> str:
    place = f" {_code(danger.urn)}" if danger.urn else ""
    allowed = f" Allowed: {_escaped(danger.allowance)}" if danger.allowance else ""
    return f"- **{_escaped(stack)}, {danger.kind}**: {_escaped(danger.what)}{allowed}{place}"


def _merged(stacks: Sequence[StackReport], detail: _Detail) -> Iterator[tuple[list[str], list[str]]]:
    """The parts of the stacks that have something to say, with the names of all whose part is the same."""
    parts: dict[str, list[str]] = {}
    for stack in stacks:
        if stack.verdict is not Verdict.NO_CHANGES or stack.settings or stack.drift:
            parts.setdefault("\n".join(_of_stack(stack, detail)), []).append(stack.stack)
    for part, names in parts.items():
        yield names, part.split("\n")


def _of_stack(stack: StackReport, detail: _Detail) -> Iterator[str]:
    for diagnostic in stack.diagnostics:
        yield from _fenced([f"{diagnostic.severity}: {diagnostic.message}"], "text")
    if stack.settings:
        yield "**Settings that differ**"
        yield ""
        yield from _some([_field(each) for each in stack.settings], detail.settings, "settings")
        yield ""
    if causes := origins(stack):
        yield "**Where it comes from**"
        yield ""
        yield from _some([f"- {_escaped(line)}" for line in causes], detail.settings, "causes")
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
    yield f"<details><summary>{_html(component.heading)}: {_html(_counted(groups))}</summary>"
    yield ""
    lines: list[str] = []
    for each in groups[: detail.objects]:
        lines += _group(each, detail.fields)
    if left := sum(len(group.objects) for group in groups[detail.objects :]):
        lines.append(f"… {left} more objects")
    yield from _fenced(lines, "diff")
    yield "</details>"
    yield ""


def _counted(groups: Sequence[Alike]) -> str:
    steps = [each.step for group in groups for each in group.objects]
    return counted(Counter(f"{step.kind} to {step.operation}" for step in steps))


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


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; nobody is notified of an @ in it."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"([\\`*_{}\[\]()#|~!])", r"\\\1", text)
    return _html(text).replace("@", "@&#8203;")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
