"""What the previews of one pull request have left, and the one report of all stacks that they become."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from command_line.errors import UserError
from operations.preview.comment.body import WORST_FIRST
from operations.preview.model.change import SCHEMA_VERSION

MOST_BYTES = 64 * 2**20
"""Of an artifact, and of a report in it. The report of a thousand rules has some five million."""
REPORT = "report.json"
FAILED = "failed"


class NoPullRequestError(UserError):
    """A commit that no pull request has brought into its branch."""

    def __init__(self, commit: str, called: str) -> None:
        super().__init__(
            f"No merged {called} has brought the commit {commit} into its branch, so nobody has seen a preview of it. "
            f"Revert it and merge it with a {called}, or set the variable DEPLOY_UNREVIEWED to `yes`, which deploys "
            "what has none: then nothing but allowances.yaml holds it back."
        )


@dataclass(frozen=True)
class Previews:
    """Reports of one run, as it has left them: `diff` is of all stacks, compared with the base.

    `with_state` are those that were compared with a stack's own state, by stack. `where` names the run, in words that
    begin a sentence. `commit` is what it checked out; empty where the system does not say so.
    """

    where: str
    url: str
    diff: bytes
    with_state: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    commit: str = ""


def composed(previews: Previews) -> tuple[str, list[str]]:
    """One report, as JSON text, and a line for each stack that says which preview it is from.

    What was compared with a stack's own state counts more than what needs no credential. A preview that failed counts
    only where there is no other, and then as an error. Raises UserError for what is no report, or not of this run.
    """
    whole = _Report.read(previews.diff, "preview-diff", previews)
    others = {name: _Report.read(text, f"preview-{name}", previews) for name, text in previews.with_state.items()}
    for name, other in others.items():
        if other.content["commit"] != whole.content["commit"]:
            raise UserError(
                f"{previews.where} has a preview of {name} with its state that is of the commit "
                f"{other.content['commit']}, and one of all stacks of {whole.content['commit']}. {again(previews.url)}"
            )
    stacks: list[dict[str, Any]] = []
    lines: list[str] = []
    for name in dict.fromkeys((*whole.stacks, *others)):
        own = others[name].stacks.get(name) if name in others else None
        found = [each for each in (own, whole.stacks.get(name)) if each is not None]
        usable = [each for each in found if each["verdict"] != FAILED]
        if not usable:
            raise UserError(
                f"{previews.where} ({previews.url}): the preview of {name} failed, so nobody has seen what would "
                f"change. {again(previews.url)}"
            )
        stacks.append(usable[0])
        lines.append(f"  {name}: compared with {'its state' if usable[0] is own else 'the base'}")
    report = {
        **whole.content,
        "verdict": min((each["verdict"] for each in stacks), key=WORST_FIRST.index),
        "is_let_through": all(each["is_let_through"] for each in stacks),
        "stacks": stacks,
    }
    try:
        # ASCII, since not every text of JSON can be written as UTF-8.
        return json.dumps(report) + "\n", lines
    except RecursionError:
        raise UserError(f"{previews.where} ({previews.url}) has a report that is nested too deeply.") from None


def report_in(archive: bytes, where: str) -> bytes | None:
    """The file `report.json` of a zip, whose other files are left alone; None where there is none.

    UserError for what is no zip, and for one that is too large. `where` begins its sentence.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            found = [each for each in opened.infolist() if each.filename == REPORT]
            if not found:
                return None
            # What the zip says of the size need not be so.
            with opened.open(found[0]) as file:
                content = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{where} is no zip that can be read ({error}). Run the preview again.") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{where} has a {REPORT} of more than the {MOST_BYTES:,} bytes that are taken.")
    return content


@dataclass(frozen=True)
class _Report:
    content: dict[str, Any]
    stacks: Mapping[str, dict[str, Any]]

    @classmethod
    def read(cls, text: bytes, name: str, previews: Previews) -> "_Report":
        for problem in _problems(content := _parsed(text)):
            raise UserError(
                f"{name} of {previews.where} ({previews.url}) is of no use: {problem}. {again(previews.url)}"
            )
        report = cast("dict[str, Any]", content)
        if previews.commit and report["commit"] != previews.commit:
            raise UserError(
                f"{name} of {previews.where} is of the commit {report['commit']}, and the run is of {previews.commit}. "
                f"{again(previews.url)}"
            )
        return cls(report, {each["stack"]: each for each in report["stacks"]})


def _parsed(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _problems(content: object) -> Iterator[str]:
    """What is used here, and no more: the rest is checked where it is deployed."""
    if not isinstance(content, dict):
        yield f"it is no {REPORT}"
        return
    report = cast("dict[str, Any]", content)
    if report.get("version") != SCHEMA_VERSION:
        yield f"it is of the version {report.get('version')} of reports, and this webtier has {SCHEMA_VERSION}"
    elif not isinstance(report.get("commit"), str) or not report["commit"]:
        yield "it does not say of which commit it is"
    elif not isinstance(report.get("stacks"), list) or not report["stacks"]:
        yield "it has no stack"
    elif not all(map(_is_stack, report["stacks"])):
        yield "what it says of its stacks is no part of a report"


def _is_stack(each: object) -> bool:
    if not isinstance(each, dict):
        return False
    stack = cast("dict[str, Any]", each)
    return (
        isinstance(stack.get("stack"), str)
        and stack.get("verdict") in WORST_FIRST
        and isinstance(stack.get("is_let_through"), bool)
        and isinstance(stack.get("fingerprint"), dict)
    )


def again(place: str) -> str:
    """What to do where there is no report that can be used; `place` is where the preview is run again."""
    return (
        f"Run the preview again at {place}, and then this job. Where that is not possible any more, do it by hand: "
        "`make preview`, read it, and `make deploy` with `APPROVED=build/preview/report.json`."
    )
