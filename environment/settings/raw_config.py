"""The stack's configuration as the engine hands it over, before anything is checked."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import config as pulumi_config

from environment.settings.plain_data import as_list, as_object

NAMESPACE = "webtier"
"""The project's name, which Pulumi puts before each key of its settings."""

DEEPEST = 100
"""How many groups may stand within each other: far more than there are settings for."""


class NestedTooDeeplyError(ValueError):
    """A value that nothing here could walk through; says the setting's key and no more."""


@dataclass(frozen=True)
class RawConfig:
    """All of the project's keys, without its name, and which of them are secrets. Values are text."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def decoded(self, text_keys: frozenset[str]) -> dict[str, Any]:
        """The values as data: text for `text_keys`, JSON for all others where it is any. NestedTooDeeplyError if so."""
        return {key: value if key in text_keys else _decode(key, value) for key, value in self.values.items()}


def read_raw_config() -> RawConfig:
    """All of the running stack's keys, also those that no program asks for."""
    # `pulumi.Config` answers only for a key whose name is known, so a misspelt one never shows.
    values = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    secrets = {key for key in values if pulumi_config.is_config_secret(key)}
    secrets.update(json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS", "[]")))
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): str(value) for key, value in values.items() if key.startswith(prefix)}
    return RawConfig(own, frozenset(key.removeprefix(prefix) for key in secrets))


def _decode(key: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except RecursionError:
        raise NestedTooDeeplyError(key) from None
    except ValueError:
        return text
    if _is_too_deep(value):
        raise NestedTooDeeplyError(key)
    return value


def _is_too_deep(value: object) -> bool:
    # Level by level, since a walk that calls itself is what the depth would break.
    level = [value]
    for _ in range(DEEPEST + 1):
        groups = [as_list(each) or list((as_object(each) or {}).values()) for each in level]
        level = [each for group in groups for each in group]
    return bool(level)
