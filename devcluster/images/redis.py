"""Redis 7.0 as Debian builds it, with TLS, where the official image has it."""

from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts, give_folders, link, unpack

_UID = 999
# The tools are what start and probe scripts use.
_PACKAGES = ("redis-server", "base-files", "coreutils", "dash", "grep", "hostname", "sed")


def _build(job: Job) -> None:
    unpack(_PACKAGES, job.root, job.log)
    add_accounts(job.root, Account("redis", _UID, "/data"))
    give_folders(job.root, _UID, "data")
    for program in sorted((job.root / "usr/bin").glob("redis-*")):
        link(job.root, f"usr/local/bin/{program.name}", f"/usr/bin/{program.name}")


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__),),
    config=ImageConfig(user=_UID, command=("redis-server",), folder="/data"),
)
