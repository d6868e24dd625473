"""Where the encrypted values of a stack's settings file stand, so that they alone can be replaced.

The engine is what reads the file. Here it is taken apart no further than into scalars and the mappings around them,
which all versions of YAML agree about, and never written anew.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import cast

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
class _Node:
    """A scalar, a list, or a mapping with its keys and values by turns; what an alias stands for is the same node."""

    event: yaml.NodeEvent
    parts: list["_Node"] = field(default_factory=list["_Node"])

    @property
    def scalar(self) -> yaml.ScalarEvent | None:
        return self.event if isinstance(self.event, yaml.ScalarEvent) else None

    @property
    def text(self) -> str | None:
        return self.scalar.value if self.scalar else None

    @property
    def pairs(self) -> list[tuple["_Node", "_Node"]]:
        is_mapping = isinstance(self.event, yaml.MappingStartEvent)
        return list(zip(self.parts[::2], self.parts[1::2], strict=True)) if is_mapping else []


def may_be_encrypted(text: str) -> bool:
    """Whether there can be anything to replace: cheap, and wrong only in saying yes."""
    return _WORDS.search(text) is not None or "\\" in text


def with_substitutes(text: str, substitutes: Callable[[], Substitutes]) -> str:
    """The text with every ciphertext and the salt replaced, and every other character as it is.

    What has not the shape of a ciphertext stays, so that the engine refuses it here too. Raises NotFoundError for what
    is no YAML, and for a ciphertext that is not written as it is.
    """
    pairs = _read(text).pairs
    settings = {key.text: value.scalar for key, value in pairs if value.scalar}
    salt, provider = settings.get("encryptionsalt"), settings.get("secretsprovider")
    is_of_cloud = provider is not None and provider.value not in _OWN_PROVIDERS
    edits: dict[int, tuple[str, str]] = {}
    for scalar in _secure_values(pairs):
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
    config = next((value for key, value in _read(text).pairs if key.text == "config" and value.pairs), None)
    if config is None or not unless.isdisjoint(key.text for key, _ in config.pairs):
        return text
    entry = f'"{key}": {{"secure": "{substitutes().ciphertext}"}}'
    start = config.parts[0].event.start_mark.index
    indent = text[text.rfind("\n", 0, start) + 1 : start]
    if cast("yaml.MappingStartEvent", config.event).flow_style:
        return f"{text[:start]}{entry}, {text[start:]}"
    return text if indent.strip(" ") else f"{text[:start]}{entry}\n{indent}{text[start:]}"


def _place(text: str, scalar: yaml.ScalarEvent) -> int:
    start, end = scalar.start_mark.index, scalar.end_mark.index
    position = text.find(scalar.value, start, end)
    if position < 0 or text.count(scalar.value, start, end) > 1:
        raise NotFoundError(f"line {scalar.start_mark.line + 1}: an encrypted value is not written in one piece")
    return position


def _secure_values(pairs: list[tuple[_Node, _Node]]) -> Iterator[yaml.ScalarEvent]:
    """Those of all mappings below `config` that have the key `secure` and no other."""
    pending = [part for key, value in pairs if key.text == "config" and value.pairs for part in value.parts]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        # Below an alias its own anchor can stand again.
        if id(node) not in seen:
            seen.add(id(node))
            pending += node.parts
            match node.pairs:
                case [(key, value)] if key.text == "secure" and value.scalar:
                    yield value.scalar
                case _:
                    pass


def _read(text: str) -> _Node:
    """The outermost node. Nothing here calls itself, since a file can be nested more deeply than Python calls."""
    within: list[list[_Node]] = [[]]
    anchors: dict[str, _Node] = {}
    events = cast("Iterator[yaml.Event]", yaml.parse(text, Loader=_LOADER))  # pyright: ignore[reportUnknownMemberType]
    try:
        # The engine reads no more than the first document.
        for event in takewhile(lambda event: not isinstance(event, yaml.DocumentEndEvent), events):
            if isinstance(event, yaml.CollectionEndEvent):
                within.pop()
            elif isinstance(event, yaml.NodeEvent):
                node = _Node(event)
                if isinstance(event, yaml.AliasEvent):
                    node = anchors.get(event.anchor, node)
                elif event.anchor:
                    anchors[event.anchor] = node
                within[-1].append(node)
                if isinstance(event, yaml.CollectionStartEvent):
                    within.append(node.parts)
    except yaml.YAMLError as error:
        raise NotFoundError(str(error)) from None
    return next(iter(within[0]), _Node(yaml.NodeEvent(None)))
