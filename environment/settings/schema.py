"""The settings' JSON schema, asked by place: which keys, what type, what is allowed.

It is derived from the models, so that error reports and the reference can't contradict them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from environment.settings.model import EnvironmentSettings
from environment.settings.plain_data import as_object, value_at
from webtier.shared.model import MOVED, Moved
from webtier.shared.problems import Place

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Leaf:
    """One setting: its keys from the outermost, its schema, and what holds where it is left out.

    Among the keys `<name>` stands for one that users choose, `[]` for a position in a list, and `<kind: x>` for the
    case that the group's `kind` is `x`.
    """

    keys: tuple[str, ...]
    node: Node
    required: bool
    default: object


@cache
def json_schema() -> Node:
    """The schema of all settings as pydantic has it, in the draft 2020-12."""
    return EnvironmentSettings.model_json_schema(schema_generator=_WithAllDefaults)


@cache
def keys_with_old_words() -> frozenset[str]:
    """The outermost keys that have a `Moved` in their schema, or in one that theirs refers to."""
    root = json_schema()

    def has(node: object) -> bool:
        text = json.dumps(node)
        below = (root["$defs"][name] for name in re.findall(r'"#/\$defs/(.+?)"', text))
        return f'"{MOVED}"' in text or any(map(has, below))

    return frozenset(key for key, node in root["properties"].items() if has(node))


class SettingsSchema:
    """The schema of a stack's settings.

    `given` are the settings as they stand in its file: where a group can be one of several kinds, its schema is that of
    the kind given.
    """

    def __init__(self, given: object = None) -> None:
        self._root = json_schema()
        self._given = given

    def moved_at(self, place: Place) -> Moved:
        """Old names of the keys and values of the group at a place; none where there is no group."""
        return Moved(**self._having(self.at(place) or {}, MOVED).get(MOVED, {}))

    def at(self, place: Place) -> Node | None:
        """What stands at a place; None where nothing can stand."""
        node, given = self._found(place)
        return None if node is None else self._of_kind(node, given)

    def _found(self, place: Place) -> tuple[Node | None, object]:
        """The same, but of a group that can be of several kinds all of them; and what is given there."""
        node, given = self._root, self._given
        for part in place:
            below = self._child(self._of_kind(node, given), part)
            if below is None:
                return None, None
            node, given = below, value_at(given, part)
        return node, given

    def kinds(self, place: Place) -> tuple[str, list[str]] | None:
        """Where a group of one of several kinds can stand: the key that says which it is, and the kinds."""
        node, _ = self._found(place)
        found = None if node is None else self._discriminator(node)
        return None if found is None else (found["propertyName"], list(found["mapping"]))

    def text_keys(self) -> frozenset[str]:
        """The outermost keys whose value is text, whatever it looks like."""
        return frozenset(key for key in self.keys(()) if (self.at((key,)) or {}).get("type") == "string")

    def keys_of_nullable_groups(self) -> frozenset[str]:
        """The outermost keys whose value is an object, or null for none of what it is about."""
        nodes = {key: self.at((key,)) or {} for key in self.keys(())}
        return frozenset(key for key, node in nodes.items() if {"type": "null"} in node.get("anyOf", ()))

    def secret_keys(self) -> frozenset[str]:
        """The outermost keys whose value is a secret, which no report shows."""
        return frozenset(key for key in self.keys(()) if (self.at((key,)) or {}).get("writeOnly"))

    def keys(self, place: Place) -> list[str]:
        """The keys that are known below a place; none where any name may stand."""
        node = self.at(place)
        return [] if node is None else list(self._having(node, "properties").get("properties", {}))

    def leaves(self) -> Iterator[Leaf]:
        """Every setting, in the models' order; of groups only lists and those with names of the users' choice."""
        yield from self._leaves((), self._root)

    def describe(self, node: Node) -> str:
        """In words what a node allows: `a whole number from 1 to 9, or null`."""
        node = self.resolved(node)
        if "discriminator" in node:
            kinds = ", ".join(f"'{kind}'" for kind in node["discriminator"]["mapping"])
            return f"an object whose {node['discriminator']['propertyName']} is one of {kinds}"
        if "anyOf" in node:
            return ", or ".join(self.describe(variant) for variant in node["anyOf"])
        if "enum" in node:
            return "one of " + ", ".join(f"'{value}'" for value in node["enum"])
        if "const" in node:
            return f"'{node['const']}'"
        match node.get("type"):
            case "integer" | "number" as kind:
                what = "a whole number" if kind == "integer" else "a number"
                return what + _limits(node, "minimum", "maximum", "")
            case "boolean":
                return "true or false"
            case "null":
                return "null"
            case "string":
                return "text" + _limits(node, "minLength", "maxLength", " characters")
            case "array":
                return "a list with at least one entry" if node.get("minItems") else "a list"
            case "object" if "properties" in node:
                return "an object with the keys " + ", ".join(node["properties"])
            case "object":
                return "an object"
            case _:
                return "anything"

    def _leaves(
        self, keys: tuple[str, ...], node: Node, default: object = None, without: str | None = None
    ) -> Iterator[Leaf]:
        """Those below a place, whichever of several things stands there, but for the key `without`."""
        node = self.resolved(node)
        defaults = as_object(default) or {}
        for key, child in node.get("properties", {}).items():
            if key != without:
                below, child_default = self.resolved(child), defaults.get(key, child.get("default"))
                if "properties" not in below:
                    yield Leaf((*keys, key), below, key in node.get("required", ()), child_default)
                yield from self._leaves((*keys, key), below, child_default)
        if "discriminator" in node:
            key = node["discriminator"]["propertyName"]
            for kind, reference in node["discriminator"]["mapping"].items():
                its_default = default if kind == defaults.get(key) else None
                yield from self._leaves((*keys, f"<{key}: {kind}>"), {"$ref": reference}, its_default, without=key)
        for keyword, name in (("additionalProperties", "<name>"), ("items", "[]")):
            group = as_object(node.get(keyword))
            if group is not None and "properties" in self.resolved(group):
                yield from self._leaves((*keys, name), group)
        for variant in node.get("anyOf", ()):
            yield from self._leaves(keys, variant, default)

    def resolved(self, node: Node) -> Node:
        """A node with what it refers to in its place."""
        reference = node.get("$ref")
        if reference is None:
            return node
        name = reference.removeprefix("#/$defs/")
        return {**self._root["$defs"][name], **{key: value for key, value in node.items() if key != "$ref"}}

    def _of_kind(self, node: Node, given: object) -> Node:
        """Of a node with several alternatives the one whose key the given value, or else the default, has."""
        node = self.resolved(node)
        discriminator = self._discriminator(node)
        if discriminator is None:
            return node
        chosen = node.get("default") if given is None else given
        kind = (as_object(chosen) or {}).get(discriminator["propertyName"])
        reference = discriminator["mapping"].get(kind) if isinstance(kind, str) else None
        if reference is None:
            return node
        # What is said of the group as a whole, and not of the kind.
        own = {key: node[key] for key in ("description", "default") if key in node}
        return self.resolved({"$ref": reference, **own})

    def _discriminator(self, node: Node) -> Node | None:
        return self._having(node, "discriminator").get("discriminator")

    def _having(self, node: Node, keyword: str) -> Node:
        """The node itself, or that of its alternatives that has a keyword."""
        node = self.resolved(node)
        for variant in node.get("anyOf", ()):
            resolved = self._having(variant, keyword)
            if keyword in resolved:
                return resolved
        return node

    def _child(self, node: Node, part: str | int) -> Node | None:
        if isinstance(part, int):
            return self._having(node, "items").get("items")
        properties = self._having(node, "properties").get("properties", {})
        if part in properties:
            return properties[part]
        # `additionalProperties: false` is how a model says that it knows no other key.
        return as_object(self._having(node, "additionalProperties").get("additionalProperties"))


class _WithAllDefaults(GenerateJsonSchema):
    """Also has the defaults that a factory makes, which pydantic leaves out."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        factory = schema.get("default_factory")
        if factory is not None and not schema.get("default_factory_takes_data"):
            schema = core_schema.with_default_schema(schema["schema"], default=factory())  # type: ignore[call-arg]
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """With the form of the names beside what stands below them, where pydantic makes one key of both."""
        made = super().dict_schema(schema)
        for pattern, below in made.pop("patternProperties", {}).items():
            names = made.get("propertyNames", {})
            made |= {"additionalProperties": below, "propertyNames": {"pattern": pattern, **names}}
        return made


def _limits(node: Node, lower: str, upper: str, unit: str) -> str:
    match node.get(lower), node.get(upper):
        case None, None:
            return ""
        case least, None:
            return f" of at least {least}{unit}" if unit else f", {least} or more"
        case None, most:
            return f" of at most {most}{unit}" if unit else f", {most} or less"
        case least, most:
            return f" of {least} to {most}{unit}" if unit else f" from {least} to {most}"
