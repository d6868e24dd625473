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


def parse(**changes: Any) -> EnvironmentSettings:
    """The settings of the stack with these outermost keys."""
    config = {**copy.deepcopy(stack_config("dev")), **changes}
    return parse_settings(RawConfig("webtier", as_engine_text(config), frozenset({"redis_password"})), "dev", {})


def report(**changes: Any) -> list[str]:
    """The lines that say what is wrong with them."""
    with pytest.raises(SettingsError) as caught:
        parse(**changes)
    return str(caught.value).splitlines()


def check_refused(lines: list[str], place: str, refused: Refused) -> None:
    """That the report is about this one setting below `place`, and says what it has to."""
    assert lines[0] == "1 setting is wrong in the stack 'dev'; nothing was changed.", lines
    value = "" if refused.value is None else f" = {refused.value}"
    assert lines[2] == f"  webtier:{place}.{refused.key}{value}"
    assert refused.reason in lines[3]
    assert len(lines) == 6
