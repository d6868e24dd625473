"""One tier for all of these tests, whose base each of them deploys first."""

from collections.abc import Iterator

import pytest

from tests.cluster.golden.golden_stack import GoldenStack
from tests.cluster.harness.tier import Tier

_TAG = ("ctr", "--namespace=k8s.io", "images", "tag", "--force")


@pytest.fixture(scope="package")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoldenStack]:
    for node in tier.cluster.nodes:
        # Another image for all that anybody knows.
        node.run([*_TAG, "webtier.local/nginx:debian-12", "webtier.local/nginx:golden"])
    made = GoldenStack(tier, tmp_path_factory.mktemp("golden"))
    made.remove()
    try:
        yield made
    finally:
        made.remove()
