"""What is written about the settings, in Pulumi.yaml and in the guides, is what the models say."""

from pathlib import Path
from typing import Any

import pytest

from environment.settings.reference import BEGIN, DOCUMENTS, END, with_table
from environment.settings.schema import SettingsSchema
from tests.unit.environment.stack_files import project_config


def declared_default(schema: SettingsSchema, key: str) -> Any:
    node = schema.at((key,)) or {}
    # The engine does not merge groups, so that their defaults are the models' business.
    empty: dict[str, Any] = {"string": "", "object": {}, "array": []}
    if "anyOf" in node:
        # The engine would refuse a null for a declared type.
        assert isinstance(node["default"], dict)
        return {}
    kind = node["type"]
    if schema.kinds((key,)):
        return node["default"]
    return empty[kind] if kind in ("object", "array") else node.get("default", empty.get(kind))


def test_pulumi_yaml_declares_every_key_as_the_models_have_it() -> None:
    schema = SettingsSchema()
    nodes = {key: schema.at((key,)) or {} for key in schema.keys(())}
    expected = {
        key: {"type": node.get("type"), "description": node["description"], "default": declared_default(schema, key)}
        for key, node in nodes.items()
    }
    declared = {
        key: {part: declaration.get(part) for part in ("type", "description", "default")}
        for key, declaration in project_config().items()
    }
    assert declared == expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_reference_is_up_to_date(path: Path) -> None:
    document = path.read_text()
    assert BEGIN in document
    assert END in document
    assert document == with_table(document, DOCUMENTS[path]()), "run: python -m environment.settings.reference"


def test_every_setting_is_described() -> None:
    undescribed = [leaf.keys for leaf in SettingsSchema().leaves() if not leaf.node.get("description")]
    assert undescribed == []
