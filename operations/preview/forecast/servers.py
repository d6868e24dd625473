"""Servers of Redis that can't be gone back from, since those of before can't read what they write."""

from collections.abc import Iterator
from dataclasses import dataclass

from operations.preview.model.change import Change
from operations.preview.model.redis_images import image_changes
from webtier.redis_common.data_formats import unreadable


@dataclass(frozen=True)
class NewServer:
    """One Redis' new image and that of before; `reason` says why the latter can't follow it any more."""

    redis: str
    old: str
    new: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.redis}: from {self.new} there is no way back to {self.old} but with a copy of the data from "
            f"before, since {self.reason}."
        )


def new_servers(change: Change) -> Iterator[NewServer]:
    """Those that read the data which is there; where they don't either, that is a danger."""
    for each in image_changes(change):
        reason = unreadable(each.new, each.old)
        if reason and not unreadable(each.old, each.new):
            yield NewServer(each.title, each.old, each.new, reason)
