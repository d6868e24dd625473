"""The project's stacks, as its settings files name them."""

from collections.abc import Mapping
from pathlib import Path

from command_line.errors import UserError

PROJECT = Path(__file__).parent.parent
"""The folder of Pulumi.yaml."""

LOCAL = "local"
"""The stack on the embedded cluster."""


def settings_file(stack: str) -> Path:
    """Where a stack's settings stand."""
    return PROJECT / f"Pulumi.{stack}.yaml"


def known() -> list[str]:
    """The stacks that have a settings file, by name."""
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in PROJECT.glob("Pulumi.*.yaml"))


def check_known(stack: str, variable: str = "STACK") -> None:
    """Raises UserError that lists the known stacks when `stack`, the value of that variable, is none of them."""
    if stack not in known():
        raise UserError(
            f"{variable} is '{stack}', which has no settings file Pulumi.{stack}.yaml. There are: {', '.join(known())}."
        )


def names_a_backend(environment: Mapping[str, str]) -> bool:
    """Whether the environment says where Pulumi keeps the state of its stacks."""
    return "PULUMI_BACKEND_URL" in environment or "PULUMI_ACCESS_TOKEN" in environment
