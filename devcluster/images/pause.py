"""The container that holds a pod's namespaces: one static program that sleeps."""

from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import FILES, ImageRecipe, Job
from devcluster.images.workspace import run_logged

_SOURCE = FILES / "pause" / "pause.c"


def _build(job: Job) -> None:
    job.root.mkdir()
    run_logged(
        ["gcc", "-Os", "-static", "-s", "-Wall", "-Werror", "-o", str(job.root / "pause"), str(_SOURCE)], job.log
    )


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__), _SOURCE),
    config=ImageConfig(user=65535, entrypoint=("/pause",)),
)
