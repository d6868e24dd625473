import pytest

from devcluster.paths import ClusterPaths
from operations.local import LocalStack
from tests.cluster.harness.tier import Tier


@pytest.fixture(scope="session")
def tier() -> Tier:
    """The running tier; without one, the tests that need it are skipped and say so."""
    paths = ClusterPaths.from_environment()
    found = Tier(paths)
    if not LocalStack(paths).is_prepared() or not found.cluster.is_up():
        pytest.skip("the embedded cluster is not up: `make up` starts it")
    return found
