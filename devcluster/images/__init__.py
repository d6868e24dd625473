"""The images of the embedded cluster and the nodes' root file system, made on this machine from Debian packages.

Their names say where they come from: nobody should take them for the official ones.
"""

from collections.abc import Mapping
from pathlib import Path

from devcluster.images import ingress_nginx, nginx, node_root, one_binary, pause, python, redis
from devcluster.images.archive import write_archive
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.workspace import partial_folder, put_in_place

REGISTRY = "webtier.local"

IMAGES: Mapping[str, ImageRecipe] = {
    "pause": pause.RECIPE,
    "coredns": one_binary.COREDNS,
    "redis": redis.DEFAULT.recipe,
    "redis-exporter": one_binary.REDIS_EXPORTER,
    "nginx": nginx.RECIPE,
    "python": python.RECIPE,
    "ingress-nginx-controller": ingress_nginx.RECIPE,
}
"""What each image is made of, by its name here. Their inputs are binaries of the same name, and for ingress-nginx
also "ingress-nginx-rootfs", the folder rootfs/etc/nginx of the Go module.
"""
ON_DEMAND: Mapping[str, ImageRecipe] = {server.image: server.recipe for server in redis.NEWER}
"""Images with a tag of their own, which the cluster gets when they are asked for: it does without them else."""
NODE_ROOT = node_root.RECIPE


def reference(image: str) -> str:
    """What pods ask for."""
    return f"{REGISTRY}/{image}" if image in ON_DEMAND else f"{REGISTRY}/{image}:debian-12"


def recipe_of(image: str) -> ImageRecipe:
    """Of any image that there is a recipe for."""
    return IMAGES[image] if image in IMAGES else ON_DEMAND[image]


def build_image(image: str, inputs: Mapping[str, Path], destination: Path, log: Path) -> None:
    """Write the image as a docker archive to `destination`, all or nothing; `log` gets what the tools print.

    Raises CommandError, or ValueError when an input is missing or the published ingress-nginx is not what the recipe
    was written for.
    """
    recipe = recipe_of(image)
    recipe.check(inputs)
    log.unlink(missing_ok=True)
    with partial_folder(destination) as folder:
        recipe.build(Job(folder / "root", inputs, log))
        write_archive(folder / "root", reference(image), recipe.config, folder / "image.tar")
        put_in_place(folder / "image.tar", destination)


def build_node_root(destination: Path, log: Path) -> None:
    """Make the nodes' root file system as a folder, all or nothing."""
    log.unlink(missing_ok=True)
    with partial_folder(destination) as folder:
        NODE_ROOT.build(Job(folder / "root", {}, log))
        put_in_place(folder / "root", destination)
