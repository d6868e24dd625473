"""Writing files so that an interruption leaves the old content or the new, never half of it."""

import os
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
