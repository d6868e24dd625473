"""Lines for whoever reads the container's log."""

import time


class Console:
    """Writes each new state once, and repeats an unchanged one now and then.

    A loop that looks every second would bury what happened under what did not change.
    """

    def __init__(self, repeat_after: float = 15.0) -> None:
        self._repeat_after = repeat_after
        self._started = time.monotonic()
        self._last_state = ""
        self._last_written = 0.0

    def apart(self) -> "Console":
        """For another loop or concern: what it says makes nothing new of what is said here, nor the other way round."""
        return _Apart(self, self._repeat_after)

    def event(self, text: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", flush=True)

    def state(self, text: str) -> None:
        """How things stand; silent while that is the same as before."""
        now = time.monotonic()
        if text == self._last_state and now - self._last_written < self._repeat_after:
            return
        self._last_state = text
        self._last_written = now
        self.event(text)


class _Apart(Console):
    def __init__(self, whole: Console, repeat_after: float) -> None:
        super().__init__(repeat_after)
        self._whole = whole

    def event(self, text: str) -> None:
        self._whole.event(text)
