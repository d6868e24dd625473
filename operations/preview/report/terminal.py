"""The short form for a terminal: the verdicts, what is dangerous, what differs in the settings, and what it does."""

from collections.abc import Iterator, Sequence

from operations.preview.model.paths import format_path
from operations.preview.report.document import Component, Report, StackReport, Verdict
from operations.preview.report.likeness import alike
from operations.preview.report.sentences import VERDICTS, follows, gate, heading, mark, origins, pending, summary
from operations.preview.report.texts import changed_lines, old_and_new

_MOST_FIELDS = 8
_MOST_OBJECTS = 40
_MOST_ANSWERS = 20


def terminal(report: Report) -> str:
    """Plain text without escape sequences. A stack whose objects are all new is told in numbers."""
    return "\n".join(line for stack in report.stacks for line in _of_stack(stack)).rstrip() + "\n"


def _of_stack(stack: StackReport) -> Iterator[str]:
    yield f"{stack.stack}: {stack.verdict} ({VERDICTS[stack.verdict]})"
    yield f"  compared with {stack.against}" + (f": {summary(stack)}" if stack.counts else "")
    for each in stack.diagnostics:
        first, *others = each.message.splitlines() or [""]
        yield f"  {each.severity}: {first}"
        yield from (f"    {line}".rstrip() for line in others)
    yield from (f"  policy {each.policy}: {each.message}" for each in stack.policies)
    if stack.dangers:
        yield ""
        yield "  Dangerous"
        for danger in stack.dangers:
            yield f"    {danger.kind}: {danger.what}"
            if danger.urn:
                yield f"      {danger.urn}"
            if danger.allowance:
                yield f"      allowed: {danger.allowance}"
        yield f"    {gate(stack)}"
    if stack.settings:
        yield ""
        yield "  Settings that differ"
        yield from (f"    {format_path(each.path)}: {old_and_new(each)}" for each in stack.settings)
    if causes := origins(stack):
        yield ""
        yield "  Where it comes from"
        yield from (f"    {line}" for line in causes)
    if sentences := stack.forecast.sentences:
        yield ""
        yield "  What it does"
        yield from (f"    {sentence}" for sentence in sentences)
    if stack.answers:
        yield ""
        yield "  URLs that are answered otherwise"
        yield from (f"    {each}" for each in stack.answers[:_MOST_ANSWERS])
        if len(stack.answers) > _MOST_ANSWERS:
            yield f"    … {len(stack.answers) - _MOST_ANSWERS} more"
    if stack.verdict is not Verdict.NO_CHANGES:
        yield ""
        yield from _objects(stack.components)
        if waiting := pending(stack):
            yield f"  {waiting}"
    yield ""


def _objects(components: Sequence[Component]) -> Iterator[str]:
    left = _MOST_OBJECTS
    for component in components:
        told = component.told
        if not told:
            continue
        if all(each.step.operation == "create" for each in told) and len(told) > 1:
            yield f"  {heading(component)}: {len(told)} objects to create"
            continue
        yield f"  {heading(component)}"
        groups = alike(told)
        for each in groups[: max(left, 0)]:
            yield f"    {mark(each.operation)} {each.title}"
            for difference in each.fields[:_MOST_FIELDS]:
                lines = changed_lines(difference)
                path = format_path(difference.path)
                yield f"        {path}:" if lines else f"        {path}: {old_and_new(difference)}"
                yield from (f"          {line}" for line in lines or ())
            if len(each.fields) > _MOST_FIELDS:
                yield f"        … {len(each.fields) - _MOST_FIELDS} more fields"
        if rest := sum(len(group.objects) for group in groups[max(left, 0) :]):
            yield f"    … {rest} more objects"
        left -= len(groups)
    if noise := follows(components):
        yield f"  {noise}"
