"""The engine's event log, read while it is written."""

import subprocess
from pathlib import Path

from operations.preview.engine import event_log
from tests.unit.operations.preview.engine_log import CREATED, STACK, log


def _write(text: str, file: Path) -> None:
    # As the engine does, which makes the file where there is none.
    subprocess.run(["tee", str(file)], input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def test_a_log_of_any_length_is_read_whole() -> None:
    text = "\n".join(log([CREATED] * 2000)) + "\n"
    with event_log() as read:
        _write(text, read.file)
    change = read.change(STACK)
    assert len(text) > 200_000
    assert (change.complete, len(change.steps)) == (True, 1)


def test_several_programs_may_write_one_after_another() -> None:
    first, *others = log([CREATED])
    with event_log() as read:
        _write(first + "\n", read.file)
        _write("\n".join(others) + "\n", read.file)
    assert read.change(STACK).complete


def test_a_line_that_is_cut_off_is_of_a_change_that_is_not_known_whole() -> None:
    with event_log() as read:
        _write("\n".join(log([CREATED]))[:-20], read.file)
    change = read.change(STACK)
    assert not change.complete
    assert [step.kind for step in change.steps] == ["Service"]


def test_an_engine_that_never_writes_is_not_waited_for() -> None:
    with event_log() as read:
        pass
    assert not read.change(STACK).succeeded


def test_what_is_no_log_is_told() -> None:
    with event_log() as read:
        _write("[]\n", read.file)
    (said,) = read.change(STACK).diagnostics
    assert "no event log of the engine" in said.message


def test_nothing_of_it_is_left_on_the_disk() -> None:
    with event_log() as read:
        _write("a secret\n", read.file)
        assert read.file.is_fifo()
        assert read.file.stat().st_mode & 0o077 == 0
    assert not read.file.parent.exists()
