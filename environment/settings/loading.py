"""From the stack's configuration to checked settings, or to one report of all that is wrong."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from environment.checks.cross_checks import check_together
from environment.settings.machine_files import resolve_files
from environment.settings.model import EnvironmentSettings
from environment.settings.plain_data import as_list, as_object
from environment.settings.quoting import at_its_key, with_right_spelling
from environment.settings.raw_config import DEEPEST, NestedTooDeeplyError, RawConfig, read_raw_config
from environment.settings.report import SettingsError, key_text, validated
from environment.settings.schema import SettingsSchema, keys_with_old_words
from webtier.shared.problems import Place, Problem


def load_settings() -> EnvironmentSettings:
    """The running stack's settings. SettingsError, reporting all at once, when any is wrong."""
    deploying = not pulumi.runtime.is_dry_run()
    return parse_settings(read_raw_config(), pulumi.get_stack(), os.environ, deploying=deploying)


def parse_settings(
    raw: RawConfig,
    stack: str,
    environ: Mapping[str, str],
    *,
    deploying: bool = False,
    warn: Callable[[str], None] = pulumi.log.warn,
) -> EnvironmentSettings:
    """The settings in `raw`. SettingsError when any is wrong, or missing for `deploying` them.

    `warn` is told of each that is written in the words of an earlier release.
    """
    written, notes = written_settings(raw, stack)
    for note in notes:
        warn(note)
    schema = SettingsSchema(written)
    values, problems = resolve_files(written, environ, deploying=deploying)
    problems += [at_its_key(problem, written) for problem in check_together(written, raw.secret_keys, schema)]
    reported = {problem.place for problem in problems}
    settings, found = validated(values, schema)
    found = [problem for problem in found if problem.place not in reported]
    problems += with_right_spelling(found, values, schema, raw.secret_keys)
    if settings is None or problems:
        order = {key: position for position, key in enumerate(schema.keys(()))}
        problems.sort(key=lambda problem: _position(problem.place, order))
        raise SettingsError(stack, problems, raw.secret_keys | schema.secret_keys())
    return settings


def written_settings(raw: RawConfig, stack: str) -> tuple[dict[str, Any], list[str]]:
    """What `raw` sets, in the words of this release, and a sentence about each that is in those of an earlier one.

    Nothing is checked but the depth: SettingsError for what is nested too deeply.
    """
    try:
        decoded = raw.decoded(SettingsSchema().text_keys())
    except NestedTooDeeplyError as error:
        message = f"nested too deeply; allowed: at most {DEEPEST} levels"
        raise SettingsError(stack, [Problem((str(error),), message, has_value=False)]) from None
    # Pulumi lets no declared key be absent, so an empty text is how a config says "not set". It is also what the engine
    # makes of a null, and of those keys that can be null the declared default is an object.
    nullable = SettingsSchema().keys_of_nullable_groups()
    given = {key: None if value == "" and key in nullable else value for key, value in decoded.items()}
    return _in_new_words({key: value for key, value in given.items() if value != ""})


def _in_new_words(written: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings in the words of this release, and a sentence about each that is in those of an earlier one."""
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


def _position(place: Place, order: Mapping[str, int]) -> tuple[int, int]:
    """Where a problem stands in the report: by the outermost key, and in a list by the entry."""
    key = order.get(str(place[0]), -1) if place else -1
    entry = place[1] if len(place) > 1 else None
    return key, entry if isinstance(entry, int) else -1
