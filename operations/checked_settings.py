"""A stack's settings, checked without the machine that deploys: its files and secrets are left out."""

from collections.abc import Callable
from dataclasses import replace

import pulumi

from command_line.errors import UserError
from environment.settings.loading import parse_settings
from environment.settings.machine_files import KUBECONFIG, PASSWORD, PASSWORD_FILE
from environment.settings.model import EnvironmentSettings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from operations.scratch_stack import PLACEHOLDER


def checked_settings(raw: RawConfig, stack: str, warn: Callable[[str], None] = pulumi.log.warn) -> EnvironmentSettings:
    """The settings in what the engine has read. UserError with the whole report when any is wrong."""
    try:
        return parse_settings(_of_any_machine(raw), stack, {}, warn=warn)
    except SettingsError as error:
        raise UserError(str(error)) from None


def _of_any_machine(raw: RawConfig) -> RawConfig:
    values = {**raw.values, KUBECONFIG: ""}
    if values.get(PASSWORD):
        return replace(raw, values=values)
    values |= {PASSWORD: PLACEHOLDER, PASSWORD_FILE: ""}
    return replace(raw, values=values, secret_keys=raw.secret_keys | {PASSWORD})
