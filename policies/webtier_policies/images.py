"""Images: what runs must be the same at every start of a pod."""

from collections.abc import Iterator, Mapping
from typing import Any

from webtier_policies.pods import containers
from webtier_policies.resources import Resource


def moving_tags(resource: Resource) -> Iterator[str]:
    """Images whose tag is `latest`, or that have none and no digest either."""
    for name, image in _images(resource):
        tag, digest = _tag_and_digest(image)
        if not digest and tag in ("", "latest"):
            yield f"{name} has the image '{image}', which is another one after each push. Name a version."


def missing_digests(resource: Resource) -> Iterator[str]:
    """Images that a push to the registry could exchange."""
    for name, image in _images(resource):
        if not _tag_and_digest(image)[1]:
            yield f"{name} has the image '{image}' without a digest. Add its @sha256:…"


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    for name, container in containers(resource):
        image = _image(container)
        if image is not None:
            yield name, image


def _image(container: Mapping[str, Any]) -> str | None:
    image = container.get("image", "")
    return image if isinstance(image, str) else None


def _tag_and_digest(image: str) -> tuple[str, str]:
    name, _, digest = image.partition("@")
    # A colon before a slash is that of a registry's port.
    return name.rpartition("/")[2].partition(":")[2], digest
