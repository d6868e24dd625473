"""The stack `dev` with some of its settings changed, as the engine would hand it over."""

import copy
from typing import Any

import pytest

from environment.settings.loading import parse_settings
from environment.settings.model import EnvironmentSettings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from tests.refused_settings.case import Refused
from tests.unit.environment.stack_files import as_engine_text, stack_config

SECRET = frozenset({"redis_password"})


def changed(**changes: Any) -> dict[str, Any]:
    """The stack's config with these outermost keys."""
    return {**copy.deepcopy(stack_config("dev")), **changes}


def with_service(name: str = "user-v1", /, **changes: Any) -> dict[str, Any]:
    """The stack's config with these settings of a service."""
    config = changed()
    config["services"][name].update(changes)
    return config


def at_node_port(port: int, name: str = "user-v1") -> dict[str, Any]:
    """The stack's config with this NodePort for the service."""
    http = {"port": 80, "target_port": 8080, "node_port": port}
    return with_service(name, exposure={"kind": "node_port"}, ports={"http": http})


def parse_config(config: dict[str, Any], secrets: frozenset[str] = SECRET, **environ: str) -> EnvironmentSettings:
    """The settings that this config makes, with these variables in the environment."""
    return parse_settings(RawConfig(as_engine_text(config), secrets), "dev", environ)


def parse(**changes: Any) -> EnvironmentSettings:
    """The settings of the stack with these outermost keys."""
    return parse_config(changed(**changes))


def report_of(config: dict[str, Any], secrets: frozenset[str] = SECRET, **environ: str) -> str:
    """What is said to be wrong with a config."""
    with pytest.raises(SettingsError) as caught:
        parse_config(config, secrets, **environ)
    return str(caught.value)


def report(**changes: Any) -> list[str]:
    """The lines that say what is wrong with the stack with these outermost keys."""
    return report_of(changed(**changes)).splitlines()


def lines_about(key: str, text: str) -> str:
    """The report's line for a key and the one below it, which says what is allowed."""
    lines = text.splitlines()
    [position] = [number for number, line in enumerate(lines) if line.split(" = ")[0].strip() == f"webtier:{key}"]
    return "\n".join(lines[position : position + 2])


def check_refused(lines: list[str], place: str, refused: Refused) -> None:
    """That the report is about this one setting below `place`, and says what it has to."""
    assert lines[0] == "1 setting is wrong in the stack 'dev'; nothing was changed.", lines
    value = "" if refused.value is None else f" = {refused.value}"
    assert lines[2] == f"  webtier:{place}.{refused.key}{value}"
    assert refused.reason in lines[3]
    assert len(lines) == 6
