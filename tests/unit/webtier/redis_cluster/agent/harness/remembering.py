"""A console whose lines can be looked at."""

from webtier.redis_cluster.agent.console import Console


class Remembering(Console):
    """Keeps every line that it writes."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def event(self, text: str) -> None:
        self.lines.append(text)
        super().event(text)

    def said(self, part: str) -> bool:
        """Whether a line has this in it."""
        return any(part in line for line in self.lines)
