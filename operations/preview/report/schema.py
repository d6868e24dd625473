"""`python -m operations.preview.report.schema` writes `docs/preview.schema.json`, the JSON schema of `report.json`."""

import json
from pathlib import Path

from operations.preview.report.as_json import JsonReport
from operations.stacks import PROJECT

FILE: Path = PROJECT / "docs" / "preview.schema.json"


def schema() -> str:
    """The schema (draft 2020-12) as text, keys in a fixed order."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of a preview",
        **JsonReport.model_json_schema(mode="serialization"),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
