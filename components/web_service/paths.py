"""Paths and names in a container, as users write them."""

import posixpath
import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_ABSOLUTE_PATH = re.compile(r"(/[A-Za-z0-9._@+-]+)+")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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


AbsolutePath = Annotated[str, AfterValidator(_check_absolute_path)]
EnvironmentName = Annotated[str, AfterValidator(_check_environment_name)]
