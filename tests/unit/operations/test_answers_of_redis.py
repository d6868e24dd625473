"""The last look of `make up` at a Redis Cluster."""

import pytest

from command_line.errors import UserError
from operations.answers import wait_for_answers
from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import TESTER, LocalCluster, wait_until
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER


def test_a_node_that_is_gone_is_named_and_one_that_does_not_stand_for_election_is_not_gone(
    formed: LocalCluster,
) -> None:
    master, replica = formed.master_and_replica(0)
    outputs: dict[str, object] = {
        "routes": [],
        "redis_external": f"{formed.addresses[master.host]}:{formed.port}",
        "redis_username": TESTER,
        "redis_password": TESTER,
    }
    formed.ask(replica, "CONFIG", "SET", NO_FAILOVER, "yes")
    wait_until(lambda: "slave,nofailover" in formed.ask(master, "CLUSTER", "NODES"), "the master has heard of it")
    wait_for_answers(outputs, seconds=0)

    formed.kill(replica)
    address = f"{formed.addresses[replica.host]}:{formed.port}"
    with pytest.raises(UserError, match=f"out of touch: {address}"):
        wait_until(lambda: wait_for_answers(outputs, seconds=0) is not None, "it is missed")
    formed.launch(replica)
    wait_until(formed.is_healthy, "healthy again")
