"""The images of the embedded cluster and the nodes' root file system, made on this machine from Debian packages.

Their names say where they come from: nobody should take them for the official ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcluster.images import coredns, ingress_nginx, nginx, node_root, pause, python, redis, redis_exporter
from devcluster.images.archive import write_archive
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.workspace import partial_folder, put_in_place

_RECIPES: Mapping[str, ImageRecipe] = {
    "pause": pause.RECIPE,
    "coredns": coredns.RECIPE,
    "redis": redis.RECIPE,
    "redis-exporter": redis_exporter.RECIPE,
    "nginx": nginx.RECIPE,
    "python": python.RECIPE,
    "ingress-nginx-controller": ingress_nginx.RECIPE,
}


@dataclass(frozen=True)
class ImageSpec:
    """`name` is what the functions here ask for, `reference` what pods do."""

    name: str
    reference: str


IMAGES: tuple[ImageSpec, ...] = tuple(ImageSpec(name, f"webtier.local/{name}:debian-12") for name in _RECIPES)


def image_key(spec_name: str, inputs: Mapping[str, Path]) -> str:
    """16 hexadecimal digits that change whenever the image would come out differently, but for Debian's updates."""
    recipe = _RECIPES[spec_name]
    recipe.check(inputs)
    return recipe.key(inputs)


def build_image(spec_name: str, inputs: Mapping[str, Path], destination: Path, log: Path) -> None:
    """Write the image as a docker archive to `destination`, all or nothing; `log` gets what the tools print.

    `inputs` are, where the image needs them: "coredns", "redis-exporter" and "ingress-nginx-controller", the
    binaries, and "ingress-nginx-rootfs", the folder rootfs/etc/nginx of the Go module. Raises CommandError, or
    ValueError when the published ingress-nginx is not what the recipe was written for.
    """
    recipe = _RECIPES[spec_name]
    recipe.check(inputs)
    reference = next(image.reference for image in IMAGES if image.name == spec_name)
    log.unlink(missing_ok=True)
    with partial_folder(destination) as folder:
        recipe.build(Job(folder / "root", inputs, log))
        write_archive(folder / "root", reference, recipe.config, folder / "image.tar")
        put_in_place(folder / "image.tar", destination)


def node_root_key() -> str:
    """Like image_key, for the nodes' root file system."""
    return node_root.RECIPE.key({})


def build_node_root(destination_dir: Path, log: Path) -> None:
    """Make the nodes' root file system as a folder, all or nothing."""
    log.unlink(missing_ok=True)
    with partial_folder(destination_dir) as folder:
        node_root.RECIPE.build(Job(folder / "root", {}, log))
        put_in_place(folder / "root", destination_dir)
