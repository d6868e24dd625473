"""A JSON schema of `Pulumi.<stack>.yaml` as a whole, for editors: written from the models to docs/settings.schema.json.

`python -m environment.settings.file_schema` brings the file up to date; a test fails while it is not. It says what can
be said of each setting alone. What lies between several, the program says (`loading.py`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from environment.settings.plain_data import as_object
from environment.settings.raw_config import NAMESPACE
from environment.settings.schema import Node, json_schema
from webtier.shared.model import MOVED, Moved

FILE = Path(__file__).parents[2] / "docs" / "settings.schema.json"
MODELINE = "# yaml-language-server: $schema=docs/settings.schema.json"
"""The first line of a stack's file, by which editors find the schema."""

Schema = dict[str, Any]

_SECRET: Schema = {
    "description": "An encrypted value, as `pulumi config set --secret` writes it.",
    "type": "object",
    "properties": {"secure": {"description": "The ciphertext.", "type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_TO_SECRET: Schema = {"$ref": "#/definitions/secret"}
_OF_PULUMI: Mapping[str, Schema] = {
    "encryptionsalt": {"description": "Of the passphrase for secrets; Pulumi writes it.", "type": "string"},
    "encryptedkey": {"description": "The key for secrets, itself encrypted; Pulumi writes it.", "type": "string"},
    "secretsprovider": {
        "description": "What encrypts secrets: `passphrase`, or the URL of a cloud's key.",
        "type": "string",
    },
    "environment": {
        "description": "Environments of Pulumi ESC, whose values count as if they stood below `config`.",
        "type": ["array", "object"],
    },
}
_OF_OTHERS: Mapping[str, Schema] = {
    "^(kubernetes|pulumi):": {
        "description": "Settings of Pulumi's own. Those of `kubernetes:` are for a default provider, which nothing "
        f"here uses: `{NAMESPACE}:context` and `{NAMESPACE}:kubeconfig` say where the stack is deployed.",
    }
}
_FREE_TEXT: Schema = {"type": "string"}
_NULL: Schema = {"type": "null"}
_NOT_WRITTEN = frozenset({"title", "discriminator", MOVED})
"""What a schema for editors goes without: names of models, and what only pydantic or `schema.py` reads."""


def file_schema() -> Schema:
    """The schema in draft 7, which all editors know."""
    root = json_schema()
    translation = _Translation(root["$defs"])
    settings = {key: _outermost(node, translation.node(node)) for key, node in root["properties"].items()}
    needed = [key for key in root["required"] if not root["properties"][key].get("writeOnly")]
    config: Schema = {
        "description": "The stack's settings.",
        "type": "object",
        "properties": dict(_in_both_spellings(settings)),
        "patternProperties": _OF_OTHERS,
        "additionalProperties": False,
        "allOf": [{"anyOf": [{"required": [name]} for name in (_full(key), key)]} for key in needed],
        # Which of the two would count is left to chance.
        "dependencies": {key: {"properties": {_full(key): False}} for key in settings},
    }
    definitions = {name: translation.node(node) for name, node in root["$defs"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of a stack",
        "description": "docs/configuration.md describes every key.",
        "type": "object",
        "properties": {"config": config, **_OF_PULUMI},
        "required": ["config"],
        "additionalProperties": False,
        "definitions": {"secret": _SECRET, **definitions},
    }


def _full(key: str) -> str:
    return f"{NAMESPACE}:{key}"


def _in_both_spellings(settings: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Each setting with the project's name before it, which is suggested, and without."""
    for key, node in settings.items():
        yield _full(key), node
    for key in settings:
        yield key, {"$ref": f"#/properties/config/properties/{_full(key)}", "doNotSuggest": True}


def _outermost(node: Node, made: Schema) -> Schema:
    """A setting as it may stand in the file: `pulumi config set` writes `"true"` in quotes."""
    described = {keyword: made[keyword] for keyword in ("description", "default") if keyword in made}
    if node.get("writeOnly"):
        return {"description": node["description"], "anyOf": [_TO_SECRET, {"const": ""}]}
    variants: Sequence[Schema] = made.get("anyOf", ())
    if len(variants) == 2 and variants[1] == _NULL:
        # Of two alternatives an editor would only say that neither fits. The group's keys say their own defaults.
        return {"description": node["description"], "if": {"type": "object"}, "then": variants[0], "else": _NULL}
    if node.get("type") == "boolean":
        return {**described, "anyOf": [{"type": "boolean"}, {"enum": ["true", "false"], "doNotSuggest": True}]}
    return made


class _Translation:
    """From the models' schema to one of what users write."""

    def __init__(self, definitions: Mapping[str, Node]) -> None:
        self._definitions = definitions

    def node(self, node: Node) -> Schema:
        """The node with all that is below it."""
        if "$ref" in node:
            return self._group(node)
        made: Schema = {}
        for keyword, value in node.items():
            if keyword == "properties":
                made[keyword] = {key: self.node(each) for key, each in value.items()}
            elif keyword in ("anyOf", "oneOf"):
                made[keyword] = [self.node(each) for each in value]
            elif keyword == "additionalProperties" and value == _FREE_TEXT:
                made[keyword] = {"anyOf": [_FREE_TEXT, _TO_SECRET]}
            elif keyword in ("items", "additionalProperties", "propertyNames"):
                made[keyword] = value if isinstance(value, bool) else self.node(value)
            elif keyword not in _NOT_WRITTEN:
                made[keyword] = value
        return _with_old_words(made, Moved(**node[MOVED])) if MOVED in node else made

    def _group(self, node: Node) -> Schema:
        """A reference; or the group itself where it has other defaults here, or is complete without a key."""
        name = node["$ref"].removeprefix("#/$defs/")
        defaults = as_object(node.get("default"))
        own = {keyword: node[keyword] for keyword in ("description", "default") if keyword in node}
        if defaults is None:
            return {"$ref": f"#/definitions/{name}", **own}
        group = self._definitions[name]
        properties = {
            key: {**part, "default": defaults[key]} if key in defaults else part
            for key, part in group["properties"].items()
        }
        required = [key for key in group.get("required", ()) if key not in defaults]
        # The default of the whole is that of its parts, of which each says its own.
        del own["default"]
        if properties == group["properties"] and required == group.get("required", []):
            return {"$ref": f"#/definitions/{name}", **own}
        group = {keyword: value for keyword, value in group.items() if keyword != "required"}
        return self.node({**group, **own, "properties": properties, **({"required": required} if required else {})})


def _with_old_words(made: Schema, moved: Moved) -> Schema:
    """A group that also takes the names of an earlier release, which work on, and says what each is called now."""
    properties: Schema = made["properties"]
    for key, words in moved.values.items():
        known = properties[key]
        of_values = {keyword: known.pop(keyword) for keyword in ("type", "enum") if keyword in known}
        said = "; ".join(f"'{old}' is called '{new}' now" for old, new in words.items())
        known["anyOf"] = [of_values, {"enum": [*words], "deprecationMessage": said, "doNotSuggest": True}]
    for old, new in moved.keys.items():
        properties[old] = {**properties[new], "deprecationMessage": f"called '{new}' now", "doNotSuggest": True}
    return made


def rendered() -> str:
    """The text of the file."""
    return json.dumps(file_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered())
