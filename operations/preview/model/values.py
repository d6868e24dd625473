"""Values as the engine's event log has them, where secrets and values not known yet are told from plain ones."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias, cast

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that a resource has only once it is there (`plugin.UnknownStringValue`)."""
_OTHER_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of an object that stands for something else: a secret, an asset, an archive, an output, a resource."""
_OF_SECRETS = "1b47061264138c4ac30d75fd1eb44270"
_OF_OUTPUTS = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_MASKED = "[secret]"


class Opaque(Enum):
    """What stands in the place of a value that is not to be shown, or not there to be shown."""

    SECRET = "secret"  # noqa: S105
    UNKNOWN = "unknown"
    ABSENT = "absent"
    PLAIN = "plain"
    """A plain value where the other side has a secret, which may be the same one."""


Value: TypeAlias = "bool | int | float | str | Opaque | Sequence[Value] | Mapping[str, Value] | None"
"""A JSON value in which some parts may be opaque."""


_WORDS = {
    Opaque.SECRET: "a secret",
    Opaque.UNKNOWN: "known once it is there",
    Opaque.ABSENT: "not set",
    Opaque.PLAIN: "no secret",
}


def is_unknown(text: str) -> bool:
    """Whether a text stands for a value that a resource has only once it is there."""
    return text == UNKNOWN or text in _OTHER_UNKNOWNS


def read_value(raw: Any) -> Value:
    """A value of the event log. Whatever it keeps of a secret, its ciphertext for instance, is dropped here."""
    match raw:
        case None | bool() | int() | float():
            return raw
        case str():
            if is_unknown(raw):
                return Opaque.UNKNOWN
            return Opaque.SECRET if raw == _MASKED else raw
        case list():
            return [read_value(item) for item in cast("list[Any]", raw)]
        case dict():
            return _read_object(cast("dict[str, Any]", raw))
        case _:
            raise TypeError(f"{type(raw).__name__} is no JSON value")


def _read_object(raw: dict[str, Any]) -> Value:
    match raw.get(_SIGNATURE):
        case None:
            return {name: read_value(value) for name, value in raw.items()}
        case str(signature) if signature == _OF_SECRETS:
            return Opaque.SECRET
        case str(signature) if signature == _OF_OUTPUTS:
            if raw.get("secret"):
                return Opaque.SECRET
            return read_value(raw["value"]) if "value" in raw else Opaque.UNKNOWN
        case _:
            # An asset or an archive: its hash says whether it changed.
            return {"hash": str(raw.get("hash", ""))}


def has_secret(value: Value) -> bool:
    """Whether some part of it is a secret."""
    match value:
        case Opaque():
            return value is Opaque.SECRET
        case str() | None | bool() | int() | float():
            return False
        case Mapping():
            return any(has_secret(each) for each in cast("Mapping[str, Value]", value).values())
        case _:
            return any(has_secret(each) for each in value)


def with_texts(value: Value, change: Callable[[str], str]) -> Value:
    """The value with every text in it changed; names of fields stay."""
    match value:
        case str():
            return change(value)
        case Opaque() | None | bool() | int() | float():
            return value
        case Mapping():
            return {name: with_texts(each, change) for name, each in cast("Mapping[str, Value]", value).items()}
        case _:
            return [with_texts(each, change) for each in value]


def value_at(value: Value, path: "Sequence[str | int]") -> Value:
    """The part of a value at a path; SECRET within a secret, and ABSENT where there is none."""
    for part in path:
        if value is Opaque.SECRET:
            return value
        if isinstance(value, Mapping) and part in value:
            value = cast("Mapping[str, Value]", value)[str(part)]
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return Opaque.ABSENT
    return value


def plain(value: Value) -> object:
    """The value as JSON has it, with words in brackets for what is not to be shown."""
    if isinstance(value, Opaque):
        return f"({_WORDS[value]})"
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in sorted(cast("Mapping[str, Value]", value).items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value
