"""The JSON schema that programs may rely on."""

import json

from operations.preview.model.change import SCHEMA_VERSION
from operations.preview.report.schema import FILE, schema


def test_the_file_is_what_the_report_has() -> None:
    assert FILE.read_text(encoding="utf-8") == schema(), "write it anew: make schema"


def test_it_describes_each_part() -> None:
    read = json.loads(schema())
    assert read["properties"]["version"]["type"] == "integer"
    assert SCHEMA_VERSION == 1
    assert {"JsonStack", "JsonObject", "JsonDanger", "Roll", "Cause"} <= set(read["$defs"])
