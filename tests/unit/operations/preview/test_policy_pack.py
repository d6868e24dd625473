"""Which stacks the policies look at, and how hard."""

import json
from pathlib import Path

import pytest

from command_line.errors import UserError
from operations.preview.policy_pack import PolicyPack
from operations.stacks import PROJECT, known


@pytest.fixture
def pack(tmp_path: Path) -> PolicyPack:
    (tmp_path / "stacks").mkdir()
    return PolicyPack(tmp_path)


def test_a_stack_without_a_file_gets_the_packs_own_levels(pack: PolicyPack) -> None:
    assert pack.is_for("new")
    assert pack.options("new") == ("--policy-pack", str(pack.folder))


def test_a_stacks_file_gives_the_levels(pack: PolicyPack) -> None:
    file = pack.folder / "stacks" / "prod.json"
    file.write_text('{"all": "mandatory"}')
    assert pack.is_for("prod")
    assert pack.options("prod") == ("--policy-pack", str(pack.folder), "--policy-pack-config", str(file))


@pytest.mark.parametrize(
    ("levels", "looks"), [({"all": "disabled"}, False), ({"all": "disabled", "a": "advisory"}, True)]
)
def test_where_all_are_disabled_none_runs(pack: PolicyPack, levels: dict[str, str], looks: bool) -> None:
    (pack.folder / "stacks" / "local.json").write_text(json.dumps(levels))
    assert pack.is_for("local") is looks


def test_a_file_that_is_no_json_is_named(pack: PolicyPack) -> None:
    (pack.folder / "stacks" / "prod.json").write_text("all: mandatory")
    with pytest.raises(UserError, match=r"prod\.json is not JSON.*mandatory, advisory and disabled"):
        pack.is_for("prod")


def test_an_environment_that_is_missing_is_known(pack: PolicyPack) -> None:
    assert not pack.is_installed()
    (pack.folder / ".venv" / "bin").mkdir(parents=True)
    (pack.folder / ".venv" / "bin" / "python").touch()
    assert pack.is_installed()


def test_production_is_held_to_all_of_them_and_every_stack_says_how_hard() -> None:
    levels = {file.stem: json.loads(file.read_text()) for file in (PROJECT / "policies" / "stacks").glob("*.json")}
    assert {*levels} == {*known()}
    assert levels["prod"]["all"] == "mandatory"
    assert {name for name, level in levels["prod"].items() if level != "mandatory"} == {"image-digest"}
