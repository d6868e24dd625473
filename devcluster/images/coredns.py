"""CoreDNS: the one static binary on an otherwise empty root."""

import shutil
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts

_UID = 65532


def _build(job: Job) -> None:
    job.root.mkdir()
    add_accounts(job.root, Account("nonroot", _UID))
    shutil.copyfile(job.inputs["coredns"], job.root / "coredns")
    (job.root / "coredns").chmod(0o755)


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__),),
    config=ImageConfig(user=_UID, entrypoint=("/coredns",)),
    inputs=("coredns",),
)
