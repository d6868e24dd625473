"""A copy of the project's files, which a test may change."""

import shutil
import sys
from pathlib import Path

from operations.local import PROJECT

_IGNORED = (".venv", ".git", "build", "tests", "__pycache__")


def copy_project(folder: Path) -> Path:
    """Copies the project below `folder`, with the same virtual environments, and returns the copy's own folder."""
    copy = folder / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*_IGNORED))
    (copy / ".venv").symlink_to(sys.prefix)
    if (PROJECT / "policies" / ".venv").exists():
        (copy / "policies" / ".venv").symlink_to(PROJECT / "policies" / ".venv")
    return copy
