"""Where commands keep things on this machine: two folders, and nothing outside them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from command_line.errors import UserError


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    if value and not Path(value).is_absolute():
        raise UserError(
            f"{variable} is '{value}', a relative path; the XDG base directory specification asks for an "
            f"absolute one. Unset it to use ~/{fallback}, or set it to an absolute path."
        )
    return Path(value) if value else Path.home() / fallback


@dataclass(frozen=True)
class Paths:
    """`cache` holds what can be made again, `state` what can't; both are removed only by the user or `make down`."""

    cache: Path
    state: Path

    @classmethod
    def from_environment(cls) -> Self:
        """`$XDG_CACHE_HOME/webtier` and `$XDG_STATE_HOME/webtier`, with the defaults of the specification."""
        return cls(
            cache=_xdg("XDG_CACHE_HOME", ".cache") / "webtier",
            state=_xdg("XDG_STATE_HOME", ".local/state") / "webtier",
        )

    @property
    def binaries(self) -> Path:
        return self.cache / "binaries"

    @property
    def go(self) -> Path:
        """Go's module and build caches while binaries are built; emptied when all of them are there."""
        return self.cache / "go"

    @property
    def installed_engine(self) -> Path:
        """Where Pulumi's own installer puts the engine; its programs are in `bin` below."""
        return self.cache / "engine"

    @property
    def pulumi_home(self) -> Path:
        return self.state / "pulumi" / "home"
