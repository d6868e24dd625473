"""Where commands keep things, and how they write them."""

from pathlib import Path

import pytest

from command_line.errors import UserError
from command_line.files import write_whole
from command_line.paths import Paths


def test_folders_follow_the_xdg_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    paths = Paths.from_environment()
    assert paths.cache == Path("/somewhere/cache/webtier")
    assert paths.state == Path.home() / ".local/state/webtier"


def test_a_relative_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    with pytest.raises(UserError, match="XDG_STATE_HOME is 'here'"):
        Paths.from_environment()


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "below" / "secret"
    write_whole(file, "one", 0o600)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one", 0o600)
    write_whole(file, "two", 0o640)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("two", 0o640)
    assert [entry.name for entry in file.parent.iterdir()] == ["secret"]
