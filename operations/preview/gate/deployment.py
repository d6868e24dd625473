"""What a deployment is refused for: the change is computed again, and nothing is in it that nobody let through."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from command_line.errors import UserError
from operations.preview.gate.allowances import Allowance, judged
from operations.preview.gate.dangers import DangerKind, dangers
from operations.preview.gate.fingerprint import unreviewed
from operations.preview.model.change import SCHEMA_VERSION, Change
from operations.preview.report.as_json import JsonReport

_MOST = 20


def reviewed_change(file: Path, stack: str) -> Mapping[str, Sequence[str]]:
    """The fingerprint of a stack's change in a `report.json`. UserError where there is none, or it is of no use."""
    try:
        report = JsonReport.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UserError(f"APPROVED is '{file}', which can't be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(
            f"APPROVED is '{file}', which is no report.json of this version of webtier ({place}: {first['msg']})."
        ) from None
    if report.version != SCHEMA_VERSION:
        raise UserError(
            f"APPROVED is of the version {report.version} of reports, and this webtier has {SCHEMA_VERSION}."
        )
    found = [each for each in report.stacks if each.stack == stack]
    if not found:
        there = ", ".join(each.stack for each in report.stacks) or "none"
        raise UserError(f"APPROVED is '{file}', which has no preview of the stack '{stack}'; it has: {there}.")
    return found[0].fingerprint


def refusals(
    change: Change, allowances: Iterable[Allowance], reviewed: Mapping[str, Sequence[str]] | None, today: date
) -> Iterator[str]:
    """A line for each reason not to deploy.

    Without a reviewed change only what is dangerous is one. An allowance of what does not happen is none, unlike in a
    pull request: a deployment that is run again has nothing to do any more.
    """
    for danger in judged(change.stack, dangers(change), allowances, today):
        if not danger.allowance and danger.kind is not DangerKind.ALLOWANCE:
            yield f"{danger.kind}: {danger.what}" + (f" ({danger.urn})" if danger.urn else "")
    if reviewed is not None:
        others = list(unreviewed(change, reviewed))
        yield from (f"not reviewed: {each}" for each in others[:_MOST])
        if len(others) > _MOST:
            yield f"not reviewed: {len(others) - _MOST} more"
