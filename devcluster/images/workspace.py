"""A folder to build in, next to what is being built, that no interruption can leave half finished in its place."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from command_line.subprocesses import CommandError

SUFFIX = ".partial"

_ENDING_SECONDS = 10


@contextmanager
def partial_folder(destination: Path) -> Generator[Path]:
    """An empty folder `<destination>.partial`, on the same file system, so that a result can be renamed into place.

    What an earlier, interrupted build left there is removed first; the folder is gone afterwards in any case.
    """
    folder = destination.with_name(destination.name + SUFFIX)
    remove(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        remove(folder)


def put_in_place(result: Path, destination: Path) -> None:
    """Rename `result` to `destination` once all of it is on the disk; an older destination goes away."""
    # Without this a power cut could leave the new name with empty files behind it.
    subprocess.run(["sync", "--file-system", str(result)], check=True)
    if destination.is_dir():
        remove(destination)
    result.replace(destination)


def remove(folder: Path) -> None:
    """Remove a folder and unmount what is mounted in it: deleting through a mount would delete on the host."""
    for mount in _mounts_below(folder):
        subprocess.run(["umount", "--lazy", str(mount)], check=True)
    end = time.monotonic() + _ENDING_SECONDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            # The programs of a build that was killed may still be writing for a moment.
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def run_logged(command: Sequence[str], log: Path, folder: Path | None = None) -> None:
    """Run a program and append its output to `log`. Raises CommandError with the end of it when it fails.

    `folder` is for its temporary files. It and all that it starts end with this process, however that ends: they
    are a pid namespace of their own, and what they mount is seen by nobody else and ends with them.
    """
    enclosed = ("unshare", "--pid", "--mount", "--mount-proc", "--propagation", "private", "--fork", "--kill-child")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab+") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        start = output.tell()
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *enclosed, "--", *command],
            env={**os.environ, "LC_ALL": "C", **({"TMPDIR": str(folder.absolute())} if folder else {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code != 0:
            output.seek(start)
            raise CommandError(command, code, output.read().decode(errors="replace"))


def _mounts_below(folder: Path) -> list[Path]:
    """The mount points in `folder`, the innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    decoded = [Path(point.encode().decode("unicode_escape")) for point in points]
    return [point for point in reversed(decoded) if point.is_relative_to(folder.absolute())]
