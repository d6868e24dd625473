"""Clusters of real Redis processes for the agent's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, local_cluster
from tests.unit.webtier.redis_cluster.agent.harness.resharded import fill
from webtier.redis_cluster.agent.reconcile import large_keys, migration


@pytest.fixture
def key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are moved key by key, also where the servers have a command for it."""

    def none(*_: object) -> None:
        return None

    for module in (migration, large_keys):
        monkeypatch.setattr(module, "native_migration", none)


@pytest.fixture
def six_nodes(tmp_path: Path) -> Iterator[LocalCluster]:
    """Three shards with a replica each, not formed yet."""
    yield from local_cluster(tmp_path, shards=3, replicas_per_shard=1)


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each, formed, with 30 keys a shard. Shared: leave it healthy, with its keys."""
    for cluster in local_cluster(tmp_path_factory.mktemp("formed"), shards=3, replicas_per_shard=1):
        cluster.converge()
        cluster.write_keys(30)
        yield cluster


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each, formed, with a node timeout of a minute: who takes over here, Redis' own
    failover has not made a master. A node can be elected once in four node timeouts: once in a module.
    """
    for cluster in local_cluster(tmp_path_factory.mktemp("slow"), 3, 1, node_timeout_ms=2000):
        cluster.converge()
        for shard in range(3):
            cluster.wait_until_known(cluster.topology.member(shard, 1))
        cluster.set_node_timeout(60)
        yield cluster


@pytest.fixture
def three_nodes(tmp_path: Path) -> Iterator[LocalCluster]:
    """Three shards without replicas, not formed yet."""
    yield from local_cluster(tmp_path, shards=3, replicas_per_shard=0)


@pytest.fixture
def two_nodes(tmp_path: Path) -> Iterator[LocalCluster]:
    """One shard with a replica, not formed yet."""
    yield from local_cluster(tmp_path, shards=1, replicas_per_shard=1)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards without replicas, and keys. Shared: every test begins with `settle`."""
    for cluster in local_cluster(tmp_path_factory.mktemp("single"), 3, 0):
        cluster.converge()
        fill(cluster)
        yield cluster


@pytest.fixture(scope="module")
def replicated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three shards with a replica each, and keys. Shared: every test begins with `settle`."""
    for cluster in local_cluster(tmp_path_factory.mktemp("replicated"), 3, 1, node_timeout_ms=2000):
        cluster.converge()
        fill(cluster)
        yield cluster
