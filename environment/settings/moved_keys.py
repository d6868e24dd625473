"""Settings that had another name in an earlier release: what is written under it is read as under the new one."""

from collections.abc import Mapping
from typing import Any

from environment.settings.plain_data import as_list, as_object
from environment.settings.report import key_text
from environment.settings.schema import SettingsSchema, keys_with_old_words
from webtier.shared.problems import Place


def in_new_words(written: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings in the words of this release, and a sentence about each that is not written so."""
    schema, with_old_words = SettingsSchema(written), keys_with_old_words()
    notes: list[str] = []

    def renamed(place: Place, value: object) -> object:
        items, group = as_list(value), as_object(value)
        if items is not None:
            return [renamed((*place, position), item) for position, item in enumerate(items)]
        if group is None:
            return value
        values, said = schema.moved_at(place).renamed(group)
        notes.extend(f"{key_text((*place, key))} {sentence}" for key, sentence in said)
        return {key: renamed((*place, key), below) for key, below in values.items()}

    return {key: renamed((key,), each) if key in with_old_words else each for key, each in written.items()}, notes
