"""The project's stack files as the engine would hand them to the program."""

import json
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]
STACKS = ("local", "dev", "staging", "prod")
PASSWORD = "a-password-for-tests-only"


def project_config() -> dict[str, dict[str, Any]]:
    """The declarations in Pulumi.yaml."""
    return yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]


def stack_config(stack: str) -> dict[str, Any]:
    """A stack's settings, defaults included, with a password where the stack has none of its own."""
    declared = {key: declaration["default"] for key, declaration in project_config().items()}
    written = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    config = {**declared, **{key.removeprefix("webtier:"): value for key, value in written.items()}}
    if not config["redis_password_file"]:
        config["redis_password"] = PASSWORD
    return config


def as_engine_text(config: dict[str, Any]) -> dict[str, str]:
    """The engine hands every value over as text, and what is no text as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def engine_config(stack: str) -> dict[str, str]:
    """The same with the project's namespace before each key."""
    return {f"webtier:{key}": value for key, value in as_engine_text(stack_config(stack)).items()}
