"""The report of drift in a terminal, and as Markdown for an issue."""

import re
from collections.abc import Iterator, Sequence

from operations.drift.document import DriftReport, StackDrift
from operations.drift.sentences import Detail, advice, lines, verdict

_WHOLE = Detail(10_000, 10_000)
_SHORT = Detail(40, 12)
_DETAILS = (_WHOLE, Detail(200, 20), Detail(100, 5), Detail(50, 0), Detail(10, 0), Detail(0, 0))


def terminal(report: DriftReport) -> str:
    """Plain text without escape sequences; what is beyond some dozens of objects or fields is counted."""
    return "\n".join(line for stack in report.stacks for line in _of_terminal(stack)).rstrip() + "\n"


def markdown(report: DriftReport, limit: int) -> str:
    """GitHub's Markdown of at most `limit` characters: of what is too long, fields are left out first, then objects."""
    text = ""
    for detail in _DETAILS:
        text = "\n".join(_of_markdown(report, detail)).rstrip() + "\n"
        if len(text) <= limit:
            break
    return text


def _of_terminal(stack: StackDrift) -> Iterator[str]:
    yield f"{stack.stack}: {verdict(stack)}"
    yield from (f"  {line}" for line in lines(stack, _SHORT))
    for sentence in advice(stack):
        yield ""
        yield f"  {sentence}"
    yield ""


def _of_markdown(report: DriftReport, detail: Detail) -> Iterator[str]:
    for stack in report.stacks:
        yield f"### {stack.stack}: {verdict(stack)}"
        yield ""
        told = list(lines(stack, detail))
        if told:
            yield from _fenced(told)
        for sentence in advice(stack):
            yield sentence
            yield ""
    origin = [f"{name} {value}" for name, value in (("run", report.run), ("at", report.time)) if value]
    if origin:
        yield " · ".join(origin)


def _fenced(told: Sequence[str]) -> Iterator[str]:
    """A block that nothing in its text can end, and in which an @ notifies nobody."""
    longest = max((len(run) for line in told for run in re.findall("~+", line)), default=0)
    fence = "~" * max(3, longest + 1)
    yield f"{fence}text"
    yield from (part for line in told for part in line.split("\n"))
    yield fence
    yield ""
