"""The text of the comment, from the reports that there are so far."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MARK = "<!-- webtier preview"
LIMIT = 65_000
"""Characters that are always taken: GitHub has room for 65,536."""

DIFF = "diff"
"""The part of all stacks, without credentials; each other part is of the stack that it is called by."""

_VERDICT = re.compile(r"## Preview: (no changes|safe|review|destructive|failed)\b")
WORST_FIRST = ("failed", "destructive", "review", "safe", "no changes")
_PART = re.compile(r"^<!-- webtier part ([\w.-]+) -->$", re.MULTILINE)
_RUN = re.compile(rf"{re.escape(MARK)} of run (\d+)\.(\d+) -->")


@dataclass(frozen=True, order=True)
class Run:
    """Which run of the pipeline, counted up; and its attempt, where one can be run again."""

    number: int
    attempt: int = 1

    @classmethod
    def of(cls, body: str) -> "Run | None":
        """The one that has written a comment; None where it does not say so."""
        found = _RUN.match(body)
        return cls(int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True)
class Part:
    """One report: `name` is `diff` or a stack's, `text` its Markdown; empty while it is not there yet."""

    name: str
    text: str = ""

    @property
    def verdict(self) -> str:
        """In the report's own word; empty while there is none."""
        found = _VERDICT.match(self.text)
        return found[1] if found else "failed" if self.text else ""

    def shortened(self) -> "Part":
        """Without what stands below the verdicts and the dangers. It is cut between headings, so it stays valid."""
        place = next((found.start() for found in re.finditer(r"^### (?!Dangerous$).*$", self.text, re.MULTILINE)), None)
        return self if place is None else replace(self, text=f"{self.text[:place]}{_LEFT_OUT}\n")

    def bare(self) -> "Part":
        """The verdict alone."""
        return replace(self, text=f"{self.text.partition(chr(10))[0][:200]}\n\n{_LEFT_OUT}\n") if self.text else self


def parts_of(comment: str) -> dict[str, str]:
    """The reports that a comment has, by their names."""
    _, *found = _PART.split(comment)
    # Below its heading.
    return {name: text.strip().partition("\n\n")[2] for name, text in zip(found[::2], found[1::2], strict=True)}


_LEFT_OUT = "The rest has no room here: it is in the run's artifact."


def parts_in(folder: Path, names: Sequence[str]) -> list[Part]:
    """The parts with these names, from `preview-NAME/report.md` below a folder; what is not there is empty."""
    return [Part(name, _read(folder / f"preview-{name}" / "report.md")) for name in names]


def body(parts: Sequence[Part], run: Run, url: str, limit: int = LIMIT) -> str:
    """The whole comment: the reports of stacks first, and then that of all without credentials.

    What is too long is shortened, the longest first; dangers go last of all.
    """
    left = list(parts)
    for shorter in (Part.shortened, Part.bare):
        for position in sorted(range(len(left)), key=lambda position: -len(left[position].text)):
            if len(text := _text(left, run, url)) <= limit:
                return text
            left[position] = shorter(left[position])
    return _text(left, run, url)


def _text(parts: Sequence[Part], run: Run, url: str) -> str:
    return "\n".join(_lines(parts, run, url)).rstrip() + "\n"


def _lines(parts: Sequence[Part], run: Run, url: str) -> Iterator[str]:
    yield f"{MARK} of run {run.number}.{run.attempt} -->"
    verdict = min((part.verdict for part in parts if part.verdict), key=WORST_FIRST.index, default="not there yet")
    yield f"# Preview: {verdict}"
    yield ""
    yield f"[The run]({url}) has the whole reports as artifacts."
    missing = [part.name for part in parts if not part.text]
    if missing:
        yield ""
        yield f"Not there yet, or without a report: {', '.join(missing)}. Each waits for its job, or for an approval."
    # Those of stacks first, which know what is there.
    for part in sorted(parts, key=lambda part: part.name == DIFF):
        if part.text:
            yield ""
            yield f"<!-- webtier part {part.name} -->"
            yield "# All stacks, compared with the base" if part.name == DIFF else f"# {part.name}, with its state"
            yield ""
            yield part.text


def _read(file: Path) -> str:
    try:
        # What is no UTF-8 was not written by us, but is no reason to have no comment.
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    # No text of a stack's must begin another part.
    return _PART.sub("<!-- part -->", text)
