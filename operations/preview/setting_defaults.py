"""What holds for a setting where a settings file does not have it, as the models of the settings say."""

from collections.abc import Mapping
from typing import cast

from environment.settings.plain_data import as_list, as_object, value_at
from environment.settings.schema import SettingsSchema
from operations.preview.model.differences import names_of
from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value
from webtier.shared.problems import Place


def default_at(settings: Mapping[str, Value], path: Path, given: Value) -> Value:
    """The default of a setting that `settings` do not have and others have as `given`.

    ABSENT where it can't be told, or says nothing. Of a group it has the parts that are given; of one that can be of
    several kinds it is the kind's name.
    """
    place = _place(settings, path)
    if place is None:
        return Opaque.ABSENT
    schema, default = SettingsSchema(settings), cast("object", Opaque.ABSENT)
    for end, part in enumerate(place, start=1):
        node = schema.at(place[:end])
        if node is None:
            return Opaque.ABSENT
        # A group that is given in part keeps its other defaults, but not one that could be of another kind.
        of_group = as_object(default) if schema.kinds(place[: end - 1]) is None else None
        default = of_group[str(part)] if of_group and part in of_group else node.get("default", Opaque.ABSENT)
    kinds, group = schema.kinds(place), as_object(default)
    if kinds is not None and group is not None:
        return str(group[kinds[0]])
    shown = default if group is None else _parts(group, given)
    return Opaque.ABSENT if shown in (None, "", [], {}) else cast("Value", shown)


def _parts(default: object, given: object) -> object:
    """Of a group those parts that are given, and that are anything by default."""
    group, others = as_object(default), as_object(given)
    if group is None or others is None:
        return default
    return {name: _parts(group[name], each) for name, each in others.items() if group.get(name) is not None}


def _place(settings: Mapping[str, Value], path: Path) -> Place | None:
    """The path with positions for what tells items of lists apart; None for an item that is not there."""
    found: list[str | int] = []
    value: object = settings
    for part in path:
        items = as_list(value)
        if items is not None and isinstance(part, str):
            names = names_of(cast("list[Value]", items)) or []
            if part not in names:
                return None
            part = names.index(part)
        found.append(part)
        value = value_at(value, part)
    return tuple(found)
