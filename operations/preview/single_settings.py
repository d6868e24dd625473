"""A settings file with one of its changes alone, so that it can be seen what that one does.

The text of every other value stays as it is: it is taken apart into YAML's nodes, and no value is read.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TypeAlias, cast

import yaml

from environment.settings.raw_config import NAMESPACE
from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path

_PREFIX = f"{NAMESPACE}:"
# PyYAML's own annotations leave these open.
_Compose: TypeAlias = "Callable[[str, type[yaml.SafeLoader]], yaml.Node | None]"
_COMPOSE = cast("_Compose", yaml.compose)  # pyright: ignore[reportUnknownMemberType]
_SERIALIZE = cast("Callable[[yaml.Node | None], str]", yaml.serialize)  # pyright: ignore[reportUnknownMemberType]


def units(differences: Iterable[Difference], most: int) -> list[Path]:
    """The settings that changed, each once, a list as a whole; by their first keys where they are more than `most`.

    None where they are more even so.
    """
    whole = list(dict.fromkeys(_up_to_list(each.path) for each in differences))
    # A group that is there on one side alone has its parts with it.
    whole = [path for path in whole if not any(path[: len(other)] == other for other in whole if other != path)]
    if len(whole) > most:
        whole = list(dict.fromkeys(path[:1] for path in whole))
    return whole if len(whole) <= most else []


def _up_to_list(path: Path) -> Path:
    return tuple(takewhile(lambda part: isinstance(part, str) and not part.startswith("["), path))


def with_one(before: bytes, after: bytes, path: Path) -> bytes | None:
    """The earlier file with the later one's value at a path, or without one; None where it can't be told."""
    try:
        old, new = (_COMPOSE(each.decode(), yaml.SafeLoader) for each in (before, after))
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    old_config, new_config = _config(old), _config(new)
    if old_config is None or new_config is None or not _put(old_config, _value_at(new_config, path), path):
        return None
    _take_salt(old, new)
    return _SERIALIZE(old).encode()


def _config(file: yaml.Node | None) -> yaml.MappingNode | None:
    config = _get(file, "config") if isinstance(file, yaml.MappingNode) else None
    return config if isinstance(config, yaml.MappingNode) else None


def _take_salt(old: yaml.Node | None, new: yaml.Node | None) -> None:
    """A value that came encrypted is read with the salt of its own file."""
    if isinstance(old, yaml.MappingNode) and isinstance(new, yaml.MappingNode):
        salt = _get(new, "encryptionsalt")
        if salt is not None and _get(old, "encryptionsalt") is None:
            old.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", "encryptionsalt"), salt))


def _get(mapping: yaml.MappingNode, name: object) -> yaml.Node | None:
    return next((value for key, value in mapping.value if _is(key, name)), None)


def _is(key: yaml.Node, name: object) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value.removeprefix(_PREFIX) == str(name)


def _value_at(node: yaml.Node, path: Sequence[object]) -> yaml.Node | None:
    for part in path:
        found = _get(node, part) if isinstance(node, yaml.MappingNode) else None
        if found is None:
            return None
        node = found
    return node


def _put(node: yaml.MappingNode, value: yaml.Node | None, path: Sequence[object]) -> bool:
    *parents, last = path
    for part in parents:
        found = _get(node, part)
        if not isinstance(found, yaml.MappingNode):
            return False
        node = found
    at = next((position for position, (key, _) in enumerate(node.value) if _is(key, last)), None)
    if value is None:
        if at is not None:
            del node.value[at]
        return at is not None
    if at is not None:
        node.value[at] = (node.value[at][0], value)
    else:
        name = f"{_PREFIX}{last}" if not parents else str(last)
        node.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", name), value))
    return True
