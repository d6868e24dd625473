"""Redis and Valkey as Debian's releases build them, with TLS, where the official images have them."""

from dataclasses import dataclass
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import SUITE, Account, add_accounts, give_folders, link, unpack

_UID = 999
# The tools are what start and probe scripts use.
_TOOLS = ("base-files", "coreutils", "dash", "grep", "hostname", "sed")


@dataclass(frozen=True)
class Server:
    """A release of a server; `kind`, redis or valkey, is what the names of its programs begin with."""

    kind: str
    version: str
    suite: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.version}"

    @property
    def image(self) -> str:
        return f"{self.kind}:{self.version}"

    @property
    def recipe(self) -> ImageRecipe:
        return ImageRecipe(
            build=self._build,
            sources=(Path(__file__),),
            config=ImageConfig(user=_UID, command=(f"{self.kind}-server",), folder="/data"),
            variant=self.name,
        )

    def _build(self, job: Job) -> None:
        unpack((f"{self.kind}-server", *_TOOLS), job.root, job.log, suite=self.suite)
        add_accounts(job.root, Account(self.kind, _UID, "/data"))
        give_folders(job.root, _UID, "data")
        for program in sorted((job.root / "usr/bin").glob(f"{self.kind}-*")):
            link(job.root, f"usr/local/bin/{program.name}", f"/usr/bin/{program.name}")


DEFAULT = Server("redis", "7.0", SUITE)
NEWER = (Server("redis", "8.0", "trixie"), Server("valkey", "8.1", "trixie"), Server("valkey", "9.1", "forky"))
SERVERS = {server.name: server for server in (DEFAULT, *NEWER)}
"""Those that the project is tested with."""
