"""The settings' JSON schema, asked by place: which keys, what type, what is allowed.

It is derived from the models, so that error reports and the reference can't contradict them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from components.shared.problems import Place
from environment.plain_data import as_list, as_object

Node = Mapping[str, Any]


class SettingsSchema:
    """The schema of a settings model and all below it."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root: Node = model.model_json_schema()

    def at(self, place: Place) -> Node | None:
        """What stands at a place; None where nothing can stand."""
        node: Node | None = self._root
        for part in place:
            node = self._child(node, part)
            if node is None:
                return None
        return node

    def text_keys(self) -> frozenset[str]:
        """The outermost keys whose value is text, whatever it looks like."""
        return frozenset(key for key in self.keys(()) if (self.at((key,)) or {}).get("type") == "string")

    def secret_keys(self) -> frozenset[str]:
        """The outermost keys whose value is nobody's business."""
        return frozenset(key for key in self.keys(()) if (self.at((key,)) or {}).get("writeOnly"))

    def keys(self, place: Place) -> list[str]:
        """The keys that are known below a place; none where any name may stand."""
        node = self.at(place)
        return [] if node is None else list(self._variant(node, "properties").get("properties", {}))

    def allowed(self, place: Place) -> str | None:
        """In words what may stand at a place, as far as types and limits say it."""
        node = self.at(place)
        return None if node is None else self.describe(node)

    def describe(self, node: Node) -> str:
        """In words what a node allows: `a whole number from 1 to 9, or null`."""
        node = self._resolved(node)
        if "anyOf" in node:
            return ", or ".join(self.describe(variant) for variant in node["anyOf"])
        if "enum" in node:
            return "one of " + ", ".join(f"'{value}'" for value in node["enum"])
        if "const" in node:
            return f"'{node['const']}'"
        match node.get("type"):
            case "integer":
                return "a whole number" + _limits(node, "minimum", "maximum", "")
            case "number":
                return "a number" + _limits(node, "minimum", "maximum", "")
            case "boolean":
                return "true or false"
            case "null":
                return "null"
            case "string":
                return "text" + _limits(node, "minLength", "maxLength", " characters")
            case "array":
                return "a list"
            case "object" if "properties" in node:
                return "an object with the keys " + ", ".join(node["properties"])
            case "object":
                return "an object"
            case _:
                return "anything"

    def leaves(self) -> Iterator[tuple[tuple[str, ...], Node, bool]]:
        """Every setting that is not a group of others: its keys, its node, whether it is required.

        `<name>` stands for a key that users choose, `[]` for a list's position.
        """
        yield from self._leaves((), self._root, True)

    def groups_and_leaves(self, value: object, place: Place = ()) -> Iterator[tuple[Place, Node, object]]:
        """Every place below a given value, with defaults where the value has nothing."""
        node = self.at(place)
        if node is None:
            return
        yield place, node, value
        group = as_object(value)
        keys = [] if group is None else [*group, *self.keys(place)]
        for key in dict.fromkeys(keys):
            child = self.at((*place, key))
            if child is not None:
                below = group[key] if group and key in group else self._default(child)
                yield from self.groups_and_leaves(below, (*place, key))
        for position, item in enumerate(as_list(value) or []):
            yield from self.groups_and_leaves(item, (*place, position))

    def _leaves(
        self, keys: tuple[str, ...], node: Node, required: bool
    ) -> Iterator[tuple[tuple[str, ...], Node, bool]]:
        group = self._variant(node, "properties")
        named = as_object(self._variant(node, "additionalProperties").get("additionalProperties"))
        items = as_object(self._variant(node, "items").get("items"))
        if "properties" in group:
            needed = group.get("required", ())
            for key, child in group["properties"].items():
                yield from self._leaves((*keys, key), child, key in needed)
        elif named is not None and self._is_group(named):
            yield from self._leaves((*keys, "<name>"), named, required)
        elif items is not None and self._is_group(items):
            yield from self._leaves((*keys, "[]"), items, required)
        else:
            yield keys, node, required

    def _default(self, node: Node) -> object:
        return node.get("default", {} if self._is_group(node) else None)

    def _is_group(self, node: Node) -> bool:
        return "properties" in self._variant(node, "properties")

    def _resolved(self, node: Node) -> Node:
        reference = node.get("$ref")
        if reference is None:
            return node
        name = reference.removeprefix("#/$defs/")
        return {**self._root["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}

    def _variant(self, node: Node, keyword: str) -> Node:
        """The node itself, or that of its alternatives that has a keyword."""
        node = self._resolved(node)
        for variant in node.get("anyOf", ()) or node.get("oneOf", ()):
            resolved = self._variant(variant, keyword)
            if keyword in resolved:
                return resolved
        return node

    def _child(self, node: Node | None, part: str | int) -> Node | None:
        if node is None:
            return None
        if isinstance(part, int):
            return self._variant(node, "items").get("items")
        properties = self._variant(node, "properties").get("properties", {})
        if part in properties:
            return properties[part]
        # `additionalProperties: false` is how a model says that it knows no other key.
        return as_object(self._variant(node, "additionalProperties").get("additionalProperties"))


def _limits(node: Node, lower: str, upper: str, unit: str) -> str:
    # `exclusiveMinimum` is not used by any model; a test would show a missing limit.
    least, most = node.get(lower), node.get(upper)
    if least is not None and most is not None:
        return f" from {least} to {most}{unit}" if not unit else f" of {least} to {most}{unit}"
    if least is not None:
        return f" of at least {least}{unit}" if unit else f", {least} or more"
    if most is not None:
        return f" of at most {most}{unit}" if unit else f", {most} or less"
    return ""
