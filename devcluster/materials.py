"""What the cluster is made of: binaries, the node root and images, made once and kept in the cache."""

import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from command_line import go_builds
from command_line.files import delete_others
from command_line.go_builds import Binary
from command_line.progress import Progress
from devcluster.binaries import COREDNS, INGRESS_NGINX, REDIS_EXPORTER
from devcluster.images import IMAGES, NODE_ROOT, build_image, build_node_root, recipe_of
from devcluster.paths import ClusterPaths

_INGRESS_MODULE = "k8s.io/ingress-nginx"

_BINARY_OF_IMAGE: Mapping[str, Binary] = {
    "coredns": COREDNS,
    "redis-exporter": REDIS_EXPORTER,
    "ingress-nginx-controller": INGRESS_NGINX,
}
"""The images that hold a binary which is built here; it is their input of the image's own name."""

_KEY_PATTERN = "[0-9a-f]" * 16


@dataclass(frozen=True)
class Materials:
    paths: ClusterPaths

    @property
    def node_root(self) -> Path:
        return self.paths.cache / f"node-root-{NODE_ROOT.key({})}"

    @property
    def ingress_rootfs(self) -> Path:
        """The controller's template and Lua, kept here since Go's caches are emptied after the go_builds."""
        return self.paths.binaries / f"ingress-rootfs-{INGRESS_NGINX.key()}"

    def archive(self, image: str) -> Path:
        """The image as a docker archive; its name changes with all that it is built from."""
        return self.paths.images / f"{_file_name(image)}-{recipe_of(image).key(self._inputs(image))}.tar"

    def missing_binaries(self, wanted: Iterable[Binary]) -> list[Binary]:
        return [binary for binary in wanted if not self._is_complete(binary)]

    def make(self, binaries: Iterable[Binary], progress: Progress, images: Iterable[str] = ()) -> None:
        """Make all that is missing: binaries one after another, images beside them as soon as they can be.

        `images` are those on demand.
        """
        missing = self.missing_binaries(binaries)
        for folder in (self.paths.images, self.paths.binaries, self.paths.logs):
            folder.mkdir(parents=True, exist_ok=True)
        progress.expected += [f"build {binary.module}" for binary in missing]
        # One build keeps four cores busy, and two that share packages compile those twice.
        with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 4)) as threads:
            built = {binary.module: threads.submit(self._build, binary, progress) for binary in missing}
            try:
                self._make_images(built, progress, images)
                for future in built.values():
                    future.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        if missing and os.environ.get("WEBTIER_KEEP_GO_CACHES") != "1":
            with progress.part("free the disk of Go's caches"):
                go_builds.forget_go_caches(self.paths)

    def _build(self, binary: Binary, progress: Progress) -> None:
        with progress.part(f"build {binary.module}") as note:
            go_builds.build(binary, self.paths, note)
            if binary is INGRESS_NGINX:
                module = go_builds.required_module(binary.source, _INGRESS_MODULE, self.paths)
                partial = self.ingress_rootfs.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(module / "rootfs/etc/nginx", partial, symlinks=True, copy_function=shutil.copyfile)
                shutil.rmtree(self.ingress_rootfs, ignore_errors=True)
                partial.rename(self.ingress_rootfs)

    def _is_complete(self, binary: Binary) -> bool:
        return binary.is_built(self.paths) and (binary is not INGRESS_NGINX or self.ingress_rootfs.exists())

    def _make_images(self, built: dict[str, Future[None]], progress: Progress, more: Iterable[str]) -> None:
        if not self.node_root.exists():
            with progress.part("node root"):
                build_node_root(self.node_root, self.paths.logs / "node-root.log")
            delete_others(self.node_root, "node-root-*")
        for image in (*sorted(IMAGES, key=lambda image: image in _BINARY_OF_IMAGE), *more):
            binary = _BINARY_OF_IMAGE.get(image)
            if binary is not None and binary.module in built:
                built[binary.module].result()
            archive = self.archive(image)
            if archive.exists():
                continue
            with progress.part(f"image {image}"):
                build_image(image, self._inputs(image), archive, self.paths.logs / f"image-{_file_name(image)}.log")
            delete_others(archive, f"{_file_name(image)}-{_KEY_PATTERN}.tar")

    def _inputs(self, image: str) -> dict[str, Path]:
        binary = _BINARY_OF_IMAGE.get(image)
        inputs = {} if binary is None else {image: binary.file(self.paths)}
        if binary is INGRESS_NGINX:
            inputs["ingress-nginx-rootfs"] = self.ingress_rootfs
        return inputs


def _file_name(image: str) -> str:
    return image.replace(":", "-")
