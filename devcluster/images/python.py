"""Python 3.11 with the standard library and nothing else, for the agent that runs beside Redis."""

import shutil
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts, link, unpack
from devcluster.images.workspace import run_logged

_UID = 65532
_PACKAGES = ("python3", "base-files", "coreutils", "dash", "netbase")
_LIBRARY = "usr/lib/python3.11"
_UNUSED = ("idlelib", "lib2to3", "pydoc_data", "turtledemo", "unittest/test")


def _build(job: Job) -> None:
    unpack(_PACKAGES, job.root, job.log)
    add_accounts(job.root, Account("nonroot", _UID))
    for name in ("python3", "python"):
        link(job.root, f"usr/local/bin/{name}", "/usr/bin/python3.11")
    for folder in _UNUSED:
        shutil.rmtree(job.root / _LIBRARY / folder, ignore_errors=True)
    # A container with a read-only job.root can't keep compiled files, and would compile at every start. The files'
    # times are about to change, so the compiled ones must not be checked against them.
    compile_all = ("python3.11", "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    run_logged(["chroot", str(job.root), *compile_all, f"/{_LIBRARY}"], job.log)


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__),),
    config=ImageConfig(user=_UID, command=("python3",), environment={"LANG": "C.UTF-8"}),
)
