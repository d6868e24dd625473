"""Where a change comes from: which of the settings that differ makes which fields differ, and what the code does.

It is seen rather than guessed: the program is previewed with the settings of the base, and with those and one changed
setting at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from operations.preview.model.change import Change, Operation, Step
from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path, format_path
from operations.preview.report.noise import noise_of
from operations.preview.single_settings import units, with_one

THE_CODE = "the code"
_TOGETHER = "several settings together"
_MOST_PREVIEWS = 5
"""Settings that are tried one by one: each takes as long as a preview."""

_AT_ONCE = 2
"""Previews beside each other: each keeps more than one core busy."""

Marks = frozenset[str]


@dataclass(frozen=True)
class Cause:
    """What makes objects change: a setting's path, `the code`, or several settings together.

    `objects` are by URN, each with the paths of its fields; none for one that comes or goes.
    """

    what: str
    objects: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sides:
    """The stack's settings file as it was and is, and whether the code differs too."""

    before: bytes
    after: bytes
    differences: Sequence[Difference]
    code_differs: bool


def causes(
    change: Change, pending: Change | None, sides: Sides, preview: Callable[[bytes], Change]
) -> tuple[Cause, ...]:
    """By setting, in the order of the settings; nothing where a preview that would be needed fails.

    `preview` is that of the program as it is now with another settings file. What is `pending` has no cause here.
    """
    known = _marks(pending)
    found: dict[str, dict[str, list[str]]] = {}
    if not sides.differences:
        _attribute(change, known, [(THE_CODE, _marks(change))], found)
        return _told(found)
    by_code: Marks = known
    if sides.code_differs:
        with_old = preview(sides.before)
        if not with_old.succeeded:
            return ()
        by_code = _marks(with_old)
    single = units(sides.differences, _MOST_PREVIEWS)
    sources: list[tuple[str, Marks]] = [(THE_CODE, by_code)]
    if len(single) == 1:
        sources.append((format_path(single[0]), _marks(change)))
    elif single:
        sources += _alone(sides, single, preview)
    _attribute(change, known, sources, found)
    return _told(found)


def _alone(sides: Sides, single: Sequence[Path], preview: Callable[[bytes], Change]) -> Iterator[tuple[str, Marks]]:
    given = {path: settings for path in single if (settings := with_one(sides.before, sides.after, path)) is not None}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # One setting may be wrong without another: then the two work together.
        for path, alone in zip(given, pool.map(preview, given.values()), strict=True):
            if alone.succeeded:
                yield format_path(path), _marks(alone)


def _attribute(
    change: Change,
    known: Marks,
    sources: Sequence[tuple[str, Marks]],
    found: dict[str, dict[str, list[str]]],
) -> None:
    for step in change.changing:
        if step.is_component:
            continue
        for mark, path in _of_step(step):
            if mark in known:
                continue
            what = next((name for name, marks in sources if mark in marks), _TOGETHER)
            paths = found.setdefault(what, {}).setdefault(step.urn, [])
            if path:
                paths.append(path)


def _told(found: Mapping[str, Mapping[str, Sequence[str]]]) -> tuple[Cause, ...]:
    return tuple(Cause(what, {urn: tuple(paths) for urn, paths in objects.items()}) for what, objects in found.items())


def _marks(change: Change | None) -> Marks:
    steps = () if change is None else change.changing
    return frozenset(mark for step in steps for mark, _ in _of_step(step))


def _of_step(step: Step) -> Iterator[tuple[str, str]]:
    """What tells each part of a step from others, and the path of its field; empty for the whole object, and noise."""
    if step.operation is not Operation.UPDATE:
        yield f"{step.urn} {step.operation}", ""
    for each in step.differences:
        path = format_path(each.path)
        yield f"{step.urn} {path} {each.new!r}", "" if noise_of(step, each) else path
