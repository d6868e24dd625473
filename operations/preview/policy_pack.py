"""The policy pack beside a preview: `policies/`, with the levels of the stack's file in `policies/stacks/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from command_line.errors import UserError
from operations.stacks import PROJECT

_DISABLED = "disabled"


@dataclass(frozen=True)
class PolicyPack:
    """A pack in a folder, whose virtual environment is in it."""

    folder: Path = PROJECT / "policies"

    def is_for(self, stack: str) -> bool:
        """Whether any of its policies looks at the stack. UserError for a file of levels that is not JSON."""
        return {*self._levels(stack).values()} != {_DISABLED}

    def is_installed(self) -> bool:
        """Whether it can run."""
        return (self.folder / ".venv" / "bin" / "python").exists()

    def options(self, stack: str) -> tuple[str, ...]:
        """What `pulumi preview` is given. A stack without a file of its own has the pack's levels: all are advice."""
        file = self._file(stack)
        levels = ("--policy-pack-config", str(file)) if file.exists() else ()
        return ("--policy-pack", str(self.folder), *levels)

    def _file(self, stack: str) -> Path:
        return self.folder / "stacks" / f"{stack}.json"

    def _levels(self, stack: str) -> Mapping[str, Any]:
        try:
            text = self._file(stack).read_text()
        except FileNotFoundError:
            return {}
        try:
            return cast("dict[str, Any]", json.loads(text))
        except json.JSONDecodeError as error:
            raise UserError(
                f"{self._file(stack)} is not JSON ({error}). Write the level of each policy, or of all: "
                '{"all": "mandatory"}; levels are mandatory, advisory and disabled.'
            ) from None
