"""The program and the settings of an earlier commit, in a folder that is removed afterwards."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from command_line.errors import UserError
from operations.stacks import PROJECT, settings_file

_CODE = ("__main__.py", "Pulumi.yaml", "components", "environment", "requirements.txt", "constraints.txt")
"""What a deployment depends on besides the stack's settings file."""


@dataclass(frozen=True)
class Base:
    """One commit, by its full name."""

    commit: str

    @classmethod
    def of(cls, revision: str) -> "Base":
        """The commit that a revision names. UserError for one that git does not know."""
        commit = commit_of(revision)
        if not commit:
            raise UserError(
                f"BASE is '{revision}', which is no revision that git knows here. Fetch it, or give another."
            )
        return cls(commit)

    def settings(self, stack: str) -> bytes | None:
        """The stack's settings file; None if there was none."""
        shown = _git("show", f"{self.commit}:./{settings_file(stack).name}")
        return shown.stdout if shown.returncode == 0 else None

    def code_differs(self) -> bool:
        """Whether any file that the program is made of is another one now, also one that no commit has yet."""
        tracked = _git("diff", "--quiet", self.commit, "--", *_CODE)
        new = _git("ls-files", "--others", "--exclude-standard", "--", *_CODE)
        return tracked.returncode != 0 or bool(new.stdout.strip())

    @contextmanager
    def program(self) -> Generator[Path]:
        """A folder with all files of the commit, whose program runs with this project's virtual environment."""
        packed = _git("archive", self.commit)
        if packed.returncode != 0:
            raise UserError(f"git can't read the files of {self.commit}: {packed.stderr.decode(errors='replace')}")
        with tempfile.TemporaryDirectory(prefix="webtier-base-") as folder:
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
                archive.extractall(folder, filter="data")
            (Path(folder) / ".venv").symlink_to(PROJECT / ".venv")
            yield Path(folder)


def commit_of(revision: str) -> str:
    """The full name of a commit; empty for a revision that git does not know, or where there is no history."""
    found = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return found.stdout.decode().strip() if found.returncode == 0 else ""


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, check=False)
