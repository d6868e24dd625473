"""How `pulumi` is run, and what becomes of its messages."""

import os
from pathlib import Path

import pytest

from command_line.errors import UserError
from command_line.files import write_whole
from command_line.pulumi_runner import Pulumi


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    """One that prints where it runs, what it was given and what it reads, and fails when it is told to."""
    script = """#!/bin/sh
[ "$1" = fail ] && { printf 'error: it is broken\\n\\nerror: and this too\\n' >&2; exit 3; }
[ "$1" = die ] && exit 4
echo "$PWD $* $WHERE $(cat)"
"""
    write_whole(tmp_path / "bin" / "pulumi", script, 0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"])
    return Pulumi(tmp_path, {"PATH": path, "WHERE": "here"})


def test_it_runs_in_its_folder_and_environment_without_questions(pulumi: Pulumi) -> None:
    printed = pulumi.run("stack", "ls", input="a line")
    assert printed == f"{pulumi.folder} stack ls --non-interactive --color=never here a line\n"


def test_a_failure_is_told_in_the_engines_words(pulumi: Pulumi) -> None:
    with pytest.raises(UserError, match=r"^`pulumi fail 'a b'` failed: it is broken\nand this too$"):
        pulumi.run("fail", "a b")
    with pytest.raises(UserError, match=r"^No state: it is broken"):
        pulumi.run("fail", failure="No state")
    with pytest.raises(UserError, match=r"the engine ended with exit code 4$"):
        pulumi.run("die")


def test_what_is_shown_goes_where_this_process_writes(pulumi: Pulumi, capfd: pytest.CaptureFixture[str]) -> None:
    assert pulumi.show("up") == 0
    assert capfd.readouterr().out == f"{pulumi.folder} up --non-interactive here \n"
    assert pulumi.show("fail") == 3
