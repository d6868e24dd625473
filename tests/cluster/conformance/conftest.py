"""The one stack that all of the suite asks, deployed once and removed at the end."""

from collections.abc import Iterator

import pytest

from tests.cluster.conformance.harness.stack import ConformanceStack
from tests.cluster.harness.tier import Tier


@pytest.fixture(scope="package")
def conformance(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConformanceStack]:
    with ConformanceStack(tier, tmp_path_factory.mktemp("conformance")).deployed(destroy=False) as made:
        made.wait()
        yield made
