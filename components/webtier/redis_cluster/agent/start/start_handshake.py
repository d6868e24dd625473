"""Between the start script of Redis and the agent: files in a folder that both containers see.

The script writes a number of its own to `asks` and starts Redis when `granted` holds the same
number with the word `start`. Before a stop it writes one to `leaves` and waits until `left` holds it.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    """`folder` is emptied with the pod; a file is whole or not there."""

    folder: Path

    def asked(self) -> str | None:
        """The start that waits for a word, None when none does."""
        number = self._read("asks")
        return None if number is None or number == self._granted() else number

    def grant(self, number: str) -> None:
        """Redis starts."""
        self._write("granted", f"{number} start")

    def order_check(self, number: str, tool: str) -> None:
        """The script runs `tool`, redis-check-aof or redis-check-rdb, then asks again under another number."""
        (self.folder / "checked").unlink(missing_ok=True)
        self._write("granted", f"{number} {tool}")

    def check_result(self) -> tuple[int, str] | None:
        """Exit status and output of the check that was ordered last; None when the last word was to start."""
        status = self._read("checked")
        if status is None or self._word() == "start":
            return None
        return int(status), (self.folder / "check-report").read_text(encoding="utf-8", errors="replace")

    def note_answer(self) -> None:
        """The Redis that was let start last has answered."""
        number = self._granted()
        if number is not None and number != self._read("answered"):
            self._write("answered", number)

    def last_start_failed(self) -> bool:
        """Whether the Redis that was let start last ended before it ever answered."""
        return self._word() == "start" and self._granted() != self._read("answered")

    def leaving(self) -> str | None:
        """The stop that waits for a word, None when none does."""
        number = self._read("leaves")
        return None if number is None or number == self._read("left") else number

    def let_leave(self, number: str) -> None:
        """Redis may be ended."""
        self._write("left", number)

    def place(self, name: str, text: str) -> None:
        """A file that Redis reads when it starts."""
        self._write(name, text)

    def _granted(self) -> str | None:
        return (self._read("granted") or "").partition(" ")[0] or None

    def _word(self) -> str:
        return (self._read("granted") or "").partition(" ")[2]

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def _write(self, name: str, text: str) -> None:
        partial = self.folder / f"{name}.partial"
        partial.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
        # Redis runs as the same user; nobody else has to read it.
        partial.chmod(0o600)
        partial.replace(self.folder / name)
