"""Names and texts in a container, as users write them."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from webtier.shared.model import text_type


def _check_process_text(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "no process can be given a NUL character; allowed: text without one")
    return text


EnvironmentName = Annotated[
    str, text_type(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and '_', not beginning with a digit")
]

SecretDataKey = Annotated[
    str,
    text_type(r"(?!\.\.)[A-Za-z0-9._-]{1,253}", "1 to 253 of A-Z, a-z, 0-9, '-', '_' and '.', not beginning with '..'"),
]
"""A key of a Secret's data, by the rule of Kubernetes for ConfigMaps and Secrets."""

ProcessText = Annotated[str, AfterValidator(_check_process_text)]
"""An argument of a process, or the value of an environment variable."""
