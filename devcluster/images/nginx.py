"""nginx for the web services, with the ports, paths and habits of the unprivileged official image."""

import shutil
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import FILES, ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts, give_folders, link, unpack

_UID = 101
_FILES = FILES / "nginx"
# `sleep` from coreutils is what preStop hooks run.
_PACKAGES = ("nginx", "base-files", "coreutils", "dash")


def _build(job: Job) -> None:
    unpack(_PACKAGES, job.root, job.log)
    add_accounts(job.root, Account("nginx", _UID, "/nonexistent"))
    for folder in ("conf.d", "modules-available", "modules-enabled", "sites-available", "sites-enabled", "snippets"):
        shutil.rmtree(job.root / "etc/nginx" / folder)
    shutil.rmtree(job.root / "usr/share/nginx")
    shutil.copytree(_FILES, job.root, dirs_exist_ok=True)
    (job.root / "docker-entrypoint.sh").chmod(0o755)
    give_folders(job.root, _UID, "var/lib/nginx", "var/log/nginx")
    # nginx opens this path before it has read its configuration.
    link(job.root, "var/log/nginx/error.log", "/dev/stderr")


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__), _FILES),
    config=ImageConfig(
        user=_UID,
        entrypoint=("/docker-entrypoint.sh",),
        command=("nginx", "-g", "daemon off;"),
        stop_signal="SIGQUIT",
    ),
)
