"""What differs in a stack's settings file, secrets told by their ciphertext and never shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import yaml

from environment.settings.machine_files import PASSWORD, PREVIOUS_PASSWORD
from environment.settings.raw_config import NAMESPACE
from operations.preview.model.differences import Difference, differences
from operations.preview.model.values import Opaque, Value, has_secret
from operations.preview.setting_defaults import default_at

_PREFIX = f"{NAMESPACE}:"
_SECRETS = (PASSWORD, PREVIOUS_PASSWORD)


def changed_settings(before: bytes | None, after: bytes) -> Iterator[Difference]:
    """The settings that differ between two versions of the file; no file has no settings.

    Nothing for a file that the engine can't read either: it says so itself.
    """
    try:
        old, new = (_settings(each) for each in (before or b"", after))
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    for difference in differences(old, new):
        if difference.path[-1:] == ("secure",):
            yield Difference(difference.path[:-1], Opaque.SECRET, Opaque.SECRET)
        else:
            # Once more, since a ciphertext is a secret only now.
            for each in differences(_shown(difference.old), _shown(difference.new), difference.path):
                yield _masked(_with_default(each, old, new))


def _settings(content: bytes) -> Mapping[str, Value]:
    read: object = yaml.safe_load(content)
    if not isinstance(read, dict):
        return {}
    config = cast("dict[str, Any]", read).get("config")
    if not isinstance(config, dict):
        return {}
    return {str(key).removeprefix(_PREFIX): value for key, value in cast("dict[Any, Any]", config).items()}


def _with_default(difference: Difference, old: Mapping[str, Value], new: Mapping[str, Value]) -> Difference:
    """With what holds on the side that does not have the setting, unless the other one has a secret."""
    sides = ((difference.old, difference.new, old), (difference.new, difference.old, new))
    for side, other, settings in sides:
        if side is Opaque.ABSENT and not has_secret(other):
            return replace(difference, default=default_at(settings, difference.path, other))
    return difference


def _masked(difference: Difference) -> Difference:
    """A password in plain text, which is refused, is not repeated either."""
    if difference.path[0] not in _SECRETS:
        return difference
    old, new = (each if isinstance(each, Opaque) else Opaque.PLAIN for each in (difference.old, difference.new))
    return Difference(difference.path, old, new)


def _shown(value: Value) -> Value:
    """The value without the ciphertexts in it."""
    match value:
        case {"secure": _}:
            return Opaque.SECRET
        case Mapping():
            return {name: _shown(each) for name, each in cast("Mapping[str, Value]", value).items()}
        case str() | Opaque():
            return value
        case Sequence():
            return [_shown(each) for each in value]
        case _:
            return value
