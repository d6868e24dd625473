"""Plain data of unknown shape (parsed JSON), narrowed to what it turns out to be."""

from collections.abc import Mapping
from typing import cast


def as_object(value: object) -> Mapping[str, object] | None:
    """The value if it is an object with text keys, as all of JSON's are."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> list[object] | None:
    """The value if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def value_at(value: object, part: str | int) -> object:
    """What an object has under a key, or a list at a position; None where there is nothing."""
    if isinstance(part, str):
        return (as_object(value) or {}).get(part)
    items = as_list(value) or []
    return items[part] if part < len(items) else None
