"""Paths, names and texts in a container, as users write them."""

import posixpath
import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_ABSOLUTE_PATH = re.compile(r"(/[A-Za-z0-9._@+-]+)+")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


def _check_absolute_path(path: str) -> str:
    if _ABSOLUTE_PATH.fullmatch(path) is None or posixpath.normpath(path) != path:
        raise PydanticCustomError(
            "absolute_path", "allowed: an absolute path without '..', such as '/etc/shop/shop.conf'"
        )
    return path


def _check_environment_name(name: str) -> str:
    if _ENVIRONMENT_NAME.fullmatch(name) is None:
        raise PydanticCustomError("environment_name", "allowed: letters, digits and '_', not beginning with a digit")
    return name


def _check_secret_key(key: str) -> str:
    if _SECRET_KEY.fullmatch(key) is None or key.startswith(".."):
        raise PydanticCustomError(
            "secret_key", "allowed: 1 to 253 of A-Z, a-z, 0-9, '-', '_' and '.', not beginning with '..'"
        )
    return key


def _check_process_text(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "no process can be given a NUL character; allowed: text without one")
    return text


AbsolutePath = Annotated[str, AfterValidator(_check_absolute_path)]
EnvironmentName = Annotated[str, AfterValidator(_check_environment_name)]

SecretDataKey = Annotated[str, AfterValidator(_check_secret_key)]
"""A key of a Secret's data, by the rule of Kubernetes for ConfigMaps and Secrets."""

ProcessText = Annotated[str, AfterValidator(_check_process_text)]
"""An argument of a process, or the value of an environment variable."""
