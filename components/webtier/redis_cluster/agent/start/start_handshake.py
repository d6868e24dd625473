"""The handshake between the start script of Redis and the agent: files in a folder that both containers mount.

The script writes a number of its own to `asks`, and starts Redis when `granted` holds the same number with the
command `start`. Before a stop it writes a number to `leaves` and waits until `left` holds it. The names and contents
of the files are an interface: the script is a part of the pod's ConfigMap, and the probes read the files too.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StartHandshake:
    """`folder` is emptied with the pod; a file is whole or not there."""

    folder: Path

    def start_requested(self) -> str | None:
        """The number of the start that waits for an answer, None when none does."""
        number = self._read("asks")
        return None if number is None or number == self._answered()[0] else number

    def allow_start(self, number: str) -> None:
        self.write_file("granted", f"{number} start")

    def request_check(self, number: str, tool: str) -> None:
        """The script runs `tool`, redis-check-aof or redis-check-rdb, then asks again under another number."""
        (self.folder / "checked").unlink(missing_ok=True)
        self.write_file("granted", f"{number} {tool}")

    def check_result(self) -> tuple[int, str] | None:
        """Exit status and output of the last check; None when the last command was to start."""
        status = self._read("checked")
        if status is None or self._answered()[1] == "start":
            return None
        return int(status), (self.folder / "check-report").read_text(encoding="utf-8", errors="replace")

    def note_answer(self) -> None:
        number = self._answered()[0]
        if number is not None and number != self._read("answered"):
            self.write_file("answered", number)

    def last_start_failed(self) -> bool:
        """Whether the Redis that was started last ended before it ever answered."""
        number, command = self._answered()
        return command == "start" and number != self._read("answered")

    def stop_requested(self) -> str | None:
        """The number of the stop that waits for an answer, None when none does."""
        number = self._read("leaves")
        return None if number is None or number == self._read("left") else number

    def allow_stop(self, number: str) -> None:
        """The preStop hook returns, and the kubelet ends Redis."""
        self.write_file("left", number)

    def write_file(self, name: str, text: str) -> None:
        """A file of the handshake, or one that Redis or the agent reads when it starts."""
        partial = self.folder / f"{name}.partial"
        partial.touch(mode=0o600)
        partial.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
        # Redis runs as the same user; nobody else has to read it.
        partial.chmod(0o600)
        partial.replace(self.folder / name)

    def _answered(self) -> tuple[str | None, str]:
        """The number that was answered last, and the command that it got."""
        number, _, command = (self._read("granted") or "").partition(" ")
        return number or None, command

    def read_file(self, name: str) -> str | None:
        """What `write_file` has written, without white space around it; None when there is no such file."""
        return self._read(name)

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
