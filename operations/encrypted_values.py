"""Where the encrypted values of a stack's settings file stand, so that they alone can be replaced.

The engine is what reads the file. Here it is taken apart no further than into scalars and the mappings around them,
which all versions of YAML agree about, and never written anew.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

import yaml

# libyaml is what the engine's own reader was made from, and many times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS = re.compile("secure|encryptionsalt|secretsprovider")
_SALT = re.compile(r"v1:[A-Za-z0-9+/]+=*:v1:[A-Za-z0-9+/]+=*:[A-Za-z0-9+/]+=*")
_CIPHERTEXT = re.compile(r"v1:[A-Za-z0-9+/]+=*:[A-Za-z0-9+/]+=*")
_CIPHERTEXT_OF_SERVICE = re.compile(r"(?=.{24,}$)[A-Za-z0-9+/]+={0,2}")
_OWN_PROVIDERS = ("", "default", "passphrase")


class NotFoundError(Exception):
    """Which part of the text is an encrypted value can't be told."""


@dataclass(frozen=True)
class Substitutes:
    """What stands for encrypted values: one ciphertext for all, and the salt with which a passphrase reads it."""

    salt: str
    ciphertext: str


@dataclass
class _Group:
    """A mapping or a list that is being read."""

    role: Literal["root", "config", "below config", "elsewhere"]
    is_mapping: bool
    entries: int = 0
    key: str | None = None
    value: yaml.ScalarEvent | None = None
    awaits_key: bool = True


@dataclass
class _Found:
    """What of a file is about encryption, and where its config begins."""

    settings: dict[str, yaml.ScalarEvent] = field(default_factory=dict[str, yaml.ScalarEvent])
    secure: list[yaml.ScalarEvent] = field(default_factory=list[yaml.ScalarEvent])
    config_keys: set[str] = field(default_factory=set[str])
    config_start: int | None = None
    config_is_flow: bool = False


def may_be_encrypted(text: str) -> bool:
    """Whether there can be anything to replace: cheap, and wrong only in saying yes."""
    return _WORDS.search(text) is not None or "\\" in text


def with_substitutes(text: str, substitutes: Callable[[], Substitutes]) -> str:
    """The text with every ciphertext and the salt replaced, and every other character as it is.

    What has not the shape of a ciphertext stays, so that the engine refuses it here too. Raises NotFoundError for what
    is no YAML, and for a ciphertext that is not written as it is.
    """
    found = _read(text)
    salt, provider = found.settings.get("encryptionsalt"), found.settings.get("secretsprovider")
    is_of_cloud = provider is not None and provider.value not in _OWN_PROVIDERS
    edits: dict[int, tuple[str, str]] = {}
    for scalar in found.secure:
        shapes = [_CIPHERTEXT] if salt is not None or is_of_cloud else [_CIPHERTEXT, _CIPHERTEXT_OF_SERVICE]
        if any(shape.fullmatch(scalar.value) for shape in shapes):
            edits[_place(text, scalar)] = (scalar.value, substitutes().ciphertext)
    if salt is not None and _SALT.fullmatch(salt.value):
        edits[_place(text, salt)] = (salt.value, substitutes().salt)
    if provider is not None and is_of_cloud:
        edits[_place(text, provider)] = (provider.value, "passphrase")
    for position, (old, new) in sorted(edits.items(), reverse=True):
        text = text[:position] + new + text[position + len(old) :]
    return text


def with_secret(text: str, key: str, unless: frozenset[str], substitutes: Callable[[], Substitutes]) -> str:
    """The text with one encrypted value more, as the first of the config; as it is where one of `unless` stands there.

    It also stays as it is where there is no config that begins on a line of its own. Raises NotFoundError for what is
    no YAML.
    """
    found = _read(text)
    start = found.config_start
    if start is None or not unless.isdisjoint(found.config_keys):
        return text
    indent = text[text.rfind("\n", 0, start) + 1 : start]
    if indent.strip(" ") and not found.config_is_flow:
        return text
    entry = f'"{key}": {{"secure": "{substitutes().ciphertext}"}}'
    if found.config_is_flow:
        return f"{text[:start]}{entry}, {text[start:]}"
    return f"{text[:start]}{entry}\n{indent}{text[start:]}"


def _place(text: str, scalar: yaml.ScalarEvent) -> int:
    start, end = scalar.start_mark.index, scalar.end_mark.index
    position = text.find(scalar.value, start, end)
    if position < 0 or text.count(scalar.value, start, end) > 1:
        raise NotFoundError(f"line {scalar.start_mark.line + 1}: an encrypted value is not written in one piece")
    return position


def _read(text: str) -> _Found:
    found = _Found()
    groups: list[_Group] = []
    anchors: dict[str, yaml.ScalarEvent] = {}
    for event in _events(text):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            role = _role(groups)
            _note(found, groups, event, None)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            found.config_is_flow |= role == "config" and bool(event.flow_style)
            groups.append(_Group(role if is_mapping or role == "below config" else "elsewhere", is_mapping))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            group = groups.pop()
            is_alone = group.is_mapping and group.entries == 1 and group.key == "secure"
            if group.role == "below config" and is_alone and group.value is not None:
                found.secure.append(group.value)
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                anchors[event.anchor] = event
            _note(found, groups, event, event)
        elif isinstance(event, yaml.AliasEvent):
            _note(found, groups, event, anchors.get(event.anchor))
    return found


def _events(text: str) -> Iterator[yaml.Event]:
    """Those of the first document, which is all that the engine reads."""
    try:
        for event in cast("Iterator[yaml.Event]", yaml.parse(text, Loader=_LOADER)):  # pyright: ignore[reportUnknownMemberType]
            if isinstance(event, yaml.DocumentEndEvent):
                return
            yield event
    except yaml.YAMLError as error:
        raise NotFoundError(str(error)) from None


def _role(groups: list[_Group]) -> Literal["root", "config", "below config", "elsewhere"]:
    """What a group is that begins within these."""
    if not groups:
        return "root"
    parent = groups[-1]
    if parent.role in ("config", "below config"):
        return "below config"
    return "config" if parent.role == "root" and not parent.awaits_key and parent.key == "config" else "elsewhere"


def _note(found: _Found, groups: list[_Group], event: yaml.NodeEvent, scalar: yaml.ScalarEvent | None) -> None:
    """A key or a value of the innermost group has begun; `scalar` is it where it is one."""
    group = groups[-1] if groups else None
    if group is None or not group.is_mapping:
        return
    if group.awaits_key:
        group.key, group.value, group.entries = scalar.value if scalar else None, None, group.entries + 1
        if group.role == "config":
            found.config_keys.add(group.key or "")
            if group.entries == 1:
                found.config_start = event.start_mark.index
    else:
        group.value = scalar
        if group.role == "root" and scalar is not None and group.key is not None:
            found.settings[group.key] = scalar
    group.awaits_key = not group.awaits_key
