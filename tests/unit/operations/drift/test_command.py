"""`make drift` as a whole: its exit code, and what it leaves in `build/drift/`."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from command_line.errors import UserError
from operations.drift import __main__ as command
from operations.drift.comparison import Consequence, Happened
from operations.drift.document import ObjectDrift, StackDrift

GONE = ObjectDrift(
    kind="ConfigMap",
    place="shop/page",
    urn="urn:page",
    happened=Happened.GONE,
    consequence=Consequence.CREATE,
    by=[],
    fields=[],
)


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, StackDrift]:
    """What each stack's comparison finds; a stack that is not in it can't be compared."""
    stacks: dict[str, StackDrift] = {}

    def drift_of(stack: str, _: object, ignored: tuple[str, ...]) -> StackDrift:
        assert ignored == ("rancher",)
        if stack not in stacks:
            raise UserError("The cluster does not answer.")
        return stacks[stack]

    def state_of(stack: str) -> dict[str, str] | None:
        return None if stack == "staging" else {}

    def no_engine(*_: object) -> dict[str, str]:
        return {}

    monkeypatch.setattr(command, "BUILD", tmp_path)
    monkeypatch.setattr(command, "drift_of", drift_of)
    monkeypatch.setattr(command, "environment_of_state", state_of)
    monkeypatch.setattr(command, "pulumi_installation", SimpleNamespace(ensure_cli=no_engine, variables=no_engine))
    return stacks


def run(monkeypatch: pytest.MonkeyPatch, stacks: str) -> int:
    monkeypatch.setattr("sys.argv", ["operations.drift", "--ignore=rancher", "--", stacks])
    return command.main()


def test_no_drift_is_0_and_drift_is_4(
    found: dict[str, StackDrift], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found["dev"] = StackDrift(stack="dev", looked_at=3)
    assert run(monkeypatch, "dev") == 0
    found["prod"] = StackDrift(stack="prod", looked_at=3, objects=[GONE])
    assert run(monkeypatch, "dev,prod") == 4
    assert "prod: drift in 1 object (3 looked at)" in capsys.readouterr().out
    written = json.loads((tmp_path / "report.json").read_text())
    assert (written["version"], [each["stack"] for each in written["stacks"]]) == (1, ["dev", "prod"])
    assert "ConfigMap shop/page: gone" in (tmp_path / "report.md").read_text()


def test_a_comparison_that_fails_is_1_and_leaves_no_report_of_before(
    found: dict[str, StackDrift], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found["dev"] = StackDrift(stack="dev")
    assert run(monkeypatch, "dev") == 0
    assert run(monkeypatch, "dev,prod") == 1
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("stacks", "said"),
    [("prd", "STACK is 'prd'"), (",", "STACK names no stack"), ("staging", "No backend is given")],
)
def test_what_can_not_be_compared_is_refused(
    stacks: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, stacks) == 1
    assert said in capsys.readouterr().err
