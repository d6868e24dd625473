"""Where the embedded cluster keeps things: two folders, and nothing outside them."""

import os
from dataclasses import dataclass
from pathlib import Path

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
    """`cache` holds what can be made again, `state` what can't; both are removed only by the user or `down`."""

    cache: Path
    state: Path

    @staticmethod
    def from_environment() -> "Paths":
        """`$XDG_CACHE_HOME/webtier` and `$XDG_STATE_HOME/webtier`, with the defaults of the specification."""
        return Paths(
            cache=_xdg("XDG_CACHE_HOME", ".cache") / "webtier",
            state=_xdg("XDG_STATE_HOME", ".local/state") / "webtier",
        )

    @property
    def binaries(self) -> Path:
        return self.cache / "binaries"

    @property
    def images(self) -> Path:
        return self.cache / "images"

    @property
    def go(self) -> Path:
        """Go's module and build caches while binaries are built; emptied when all of them are there."""
        return self.cache / "go"

    @property
    def machines(self) -> Path:
        return self.state / "machines"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pulumi_home(self) -> Path:
        return self.state / "pulumi" / "home"

    @property
    def pulumi_backend(self) -> Path:
        return self.state / "pulumi" / "backend"
