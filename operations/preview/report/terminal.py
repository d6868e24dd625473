"""The short form for a terminal: the verdicts, what is dangerous, what differs in the settings, and what it does."""

from collections.abc import Iterator, Sequence

from operations.preview.forecast.answers import ChangedAnswer
from operations.preview.model.change import Operation
from operations.preview.model.paths import format_path
from operations.preview.report.document import Component, Report, StackReport, Verdict
from operations.preview.report.likeness import Alike, alike_components
from operations.preview.report.listed_dangers import listed, to_be_allowed
from operations.preview.report.sentences import (
    advised,
    diagnostics,
    follows,
    gate,
    mark,
    origins,
    pending,
    summary,
)
from operations.preview.report.texts import changed_lines, old_and_new
from operations.preview.report.verdicts import explanation

_MOST_FIELDS = 8
_MOST_OBJECTS = 40
_MOST_SENTENCES = 20
_MOST_URNS = 3
"""With more, the page has them: they are long, and nobody reads them."""


def terminal(report: Report) -> str:
    """Plain text without escape sequences. A stack whose objects are all new is told in numbers."""
    return "\n".join(line for stack in report.worst_first for line in _of_stack(stack)).rstrip() + "\n"


def _of_stack(stack: StackReport) -> Iterator[str]:
    yield f"{stack.stack}: {stack.verdict} ({explanation(stack)})"
    yield f"  compared with {stack.against}" + (f": {summary(stack)}" if stack.counts else "")
    if said := gate(stack):
        yield f"  {said}"
    for each in diagnostics(stack):
        first, *others = each.message.splitlines() or [""]
        yield f"  {each.severity}: {first}"
        yield from (f"    {line}".rstrip() for line in others)
    if stack.dangers:
        yield ""
        yield "  Dangerous"
        yield from _dangers(stack)
    if stack.settings:
        yield ""
        yield "  Settings that differ"
        yield from _some([f"{format_path(each.path)}: {old_and_new(each)}" for each in stack.settings], _MOST_SENTENCES)
    if causes := origins(stack):
        yield ""
        yield "  Which setting changes which fields"
        yield from _some(causes, _MOST_SENTENCES)
    if sentences := stack.forecast.sentences:
        yield ""
        yield "  What it does"
        yield from _some(sentences, _MOST_SENTENCES)
    if stack.answers:
        yield ""
        yield "  URLs that are answered otherwise"
        yield from _answers(stack.answers)
    if stack.drift:
        yield ""
        yield "  Changed in the cluster since the last update"
        yield from _some(stack.drift, _MOST_SENTENCES)
    if stack.verdict is not Verdict.NO_CHANGES:
        yield ""
        yield from _objects(stack.components)
        if waiting := pending(stack):
            yield f"  {waiting}"
        if said := advised(stack):
            yield f"  {said}"
    yield ""


def _dangers(stack: StackReport) -> Iterator[str]:
    entries = listed([stack])
    has_few = len(to_be_allowed(entries)) <= _MOST_URNS
    for entry in entries:
        yield f"    {entry.kind}: {entry.what}" + (f" ({entry.place})" if entry.place else "")
        yield from (f"      {each.urn}" for each in to_be_allowed([entry]) if has_few)
        if entry.allowance:
            yield f"      allowed: {entry.allowance}"


def _some(lines: Sequence[object], most: int) -> Iterator[str]:
    yield from (f"    {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"    … {len(lines) - most} more"


def _answers(answers: Sequence[ChangedAnswer]) -> Iterator[str]:
    for each in answers[:_MOST_SENTENCES]:
        yield f"    {''.join(each.place)}"
        yield f"      before: {', '.join((each.before.who, *each.before.details))}"
        yield f"      after:  {', '.join((each.after.who, *each.after.details))}"
    if len(answers) > _MOST_SENTENCES:
        yield f"    … {len(answers) - _MOST_SENTENCES} more"


def _objects(components: Sequence[Component]) -> Iterator[str]:
    left = _MOST_OBJECTS
    alike = alike_components(components)
    for position, component in enumerate(alike):
        if left <= 0:
            yield f"  … {sum(len(each.components) for each in alike[position:])} more components"
            break
        groups = component.groups
        count = sum(len(group.objects) for group in groups)
        if count > 1 and all(group.operation is Operation.CREATE for group in groups):
            yield f"  {component.heading}: {count} objects to create"
            left -= 1
            continue
        yield f"  {component.heading}"
        for group in groups[:left]:
            yield from _group(group)
        if rest := sum(len(group.objects) for group in groups[left:]):
            yield f"    … {rest} more objects"
        left -= len(groups)
    if noise := follows(components):
        yield f"  {noise}"


def _group(group: Alike) -> Iterator[str]:
    yield f"    {mark(group.operation)} {group.title}"
    for difference in group.fields[:_MOST_FIELDS]:
        lines = changed_lines(difference)
        path = format_path(difference.path)
        yield f"        {path}:" if lines else f"        {path}: {old_and_new(difference)}"
        yield from (f"          {line}" for line in lines or ())
    if len(group.fields) > _MOST_FIELDS:
        yield f"        … {len(group.fields) - _MOST_FIELDS} more fields"
