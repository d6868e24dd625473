"""Every setting that holds in a stack, what it is, and where that comes from."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import yaml
from pydantic import SecretStr

from environment.settings.loading import written_settings
from environment.settings.machine_files import KUBECONFIG, PASSWORD, PASSWORD_FILE
from environment.settings.model import EnvironmentSettings
from environment.settings.plain_data import as_list, as_object
from environment.settings.raw_config import NAMESPACE, RawConfig
from environment.settings.report import key_text
from operations.checked_settings import checked_settings
from operations.scratch_stack import PLACEHOLDER
from webtier.shared.problems import Place

_MISSING = object()
_SECRET = "(a secret)"  # noqa: S105
_PREFIX = f"{NAMESPACE}:"


class Origin(StrEnum):
    """Where the value of a setting comes from."""

    FILE = "file"
    DEFAULT = "default"
    SECRET = "secret"  # noqa: S105
    NOWHERE = "nowhere"
    """It is needed, and not set."""


@dataclass(frozen=True)
class Setting:
    """One setting: where it stands, its value as JSON has it, and where that comes from. A secret is never a value."""

    place: Place
    value: object
    origin: Origin

    @property
    def key(self) -> str:
        """As `pulumi config set --path` takes it, without the project's name: `services.user-v1.replicas`."""
        return key_text(self.place).removeprefix(_PREFIX)

    @property
    def text(self) -> str:
        """The value on one line: a text as it is unless it is empty or has several lines, and all else as JSON."""
        is_plain = isinstance(self.value, str) and self.value and "\n" not in self.value
        return str(self.value) if is_plain else json.dumps(self.value, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Effective:
    """All settings of a stack in the order of the models, and sentences about those in words of an earlier release."""

    settings: tuple[Setting, ...]
    notes: tuple[str, ...]


def effective(raw: RawConfig, content: bytes, stack: str) -> Effective:
    """All settings in what the engine has read of a file with this content; encrypted values are placeholders.

    UserError with the whole report when any is wrong.
    """
    settings = checked_settings(raw, stack, warn=lambda _: None)
    known, notes = written_settings(raw, stack)
    # The engine hands over what Pulumi.yaml declares by default as if the file had said it.
    in_file = keys_in(content)
    written = {key: value for key, value in known.items() if key in in_file}
    return Effective(tuple(_all(settings, written)), tuple(notes))


def keys_in(content: bytes) -> frozenset[str]:
    """The outermost keys in a settings file, without the project's name. The engine is what reads the values."""
    # Of several documents the engine reads the first.
    documents = cast("Iterator[yaml.Node]", yaml.compose_all(content.decode("utf-8-sig"), yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    root = next(documents, None)
    config = next((value for key, value in _pairs(root) if key.value == "config"), None)
    return frozenset(str(key.value).removeprefix(_PREFIX) for key, _ in _pairs(config))


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a mapping, and of those that it merges."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        if key.tag == "tag:yaml.org,2002:merge":
            merged = cast("list[yaml.Node]", value.value) if isinstance(value, yaml.SequenceNode) else [value]
            for each in merged:
                yield from _pairs(each)
        else:
            yield key, value


def _all(settings: EnvironmentSettings, written: Mapping[str, Any]) -> Iterator[Setting]:
    values = settings.model_dump(by_alias=True)
    for key, value in values.items():
        given = written.get(key, _MISSING)
        if key in (KUBECONFIG, PASSWORD_FILE) and given is not _MISSING:
            # As the file has it: what it stands for differs from machine to machine.
            yield Setting((key,), given, Origin.FILE)
        elif key == PASSWORD and given is _MISSING and settings.redis is None:
            yield Setting((key,), "", Origin.DEFAULT)
        elif key == PASSWORD and given is _MISSING:
            yield _password_of_elsewhere(written)
        else:
            yield from _settings((key,), value, given)


def _password_of_elsewhere(written: Collection[str]) -> Setting:
    if PASSWORD_FILE in written:
        return Setting((PASSWORD,), f"(what {PASSWORD_FILE} has)", Origin.SECRET)
    return Setting((PASSWORD,), f"(not set: pulumi config set --secret {_PREFIX}{PASSWORD})", Origin.NOWHERE)


def _settings(place: Place, value: object, given: object) -> Iterator[Setting]:
    group, items = as_object(value), as_list(value)
    if group:
        for key, below in group.items():
            yield from _settings((*place, key), below, _given_below(given, key, below))
    elif items and any(as_object(item) for item in items):
        given_items = as_list(given) or []
        for position, item in enumerate(items):
            below = given_items[position] if position < len(given_items) else _MISSING
            yield from _settings((*place, position), item, below)
    else:
        yield _setting(place, value, given)


def _given_below(given: object, key: str, value: object) -> object:
    group = as_object(given)
    if group is not None:
        return group.get(key, _MISSING)
    # A short form: `rewrite: strip_prefix` for `rewrite: {kind: strip_prefix}`.
    return given if given == value else _MISSING


def _setting(place: Place, value: object, given: object) -> Setting:
    is_given = given is not _MISSING
    if isinstance(value, SecretStr):
        if not value.get_secret_value():
            return Setting(place, "", Origin.FILE if is_given else Origin.DEFAULT)
        return Setting(place, _SECRET, Origin.SECRET)
    if PLACEHOLDER in json.dumps(value, default=str):
        return Setting(place, _SECRET, Origin.SECRET)
    return Setting(place, value, Origin.FILE if is_given else Origin.DEFAULT)
