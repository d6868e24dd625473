"""Writing files so that an interruption leaves the old content or the new, never half of it; and deleting them."""

import os
import shutil
from pathlib import Path


def write_whole(file: Path, content: str, mode: int = 0o644) -> None:
    """Write `content` beside `file`, to the disk, then put it in its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as output:
        os.fchmod(output.fileno(), mode)
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    partial.replace(file)


def delete(path: Path, *, ignore_errors: bool = False) -> None:
    """Delete a file, a link or a folder, if it is there; with `ignore_errors` what is in a folder may also stay."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors)
    else:
        path.unlink(missing_ok=True)


def delete_others(keep: Path, pattern: str) -> None:
    """Delete what else has a name of this pattern in the folder of `keep`, as far as that works."""
    for path in keep.parent.glob(pattern):
        if path != keep:
            delete(path, ignore_errors=True)
