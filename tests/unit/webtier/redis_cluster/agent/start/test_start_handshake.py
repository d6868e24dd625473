"""The start and stop scripts of Redis' container with the real agent beside them."""

from collections.abc import Iterator

import pytest

from tests.unit.webtier.redis_cluster.agent.harness.redis_processes import LocalCluster, wait_until
from tests.unit.webtier.redis_cluster.agent.harness.scripted_pod import Pod
from webtier.redis_cluster.agent.failover.draining import NO_FAILOVER
from webtier.redis_cluster.pod.lifecycle import STOP_SCRIPT
from webtier.redis_cluster.pod.probes import alive_script
from webtier.redis_cluster.pod.redis_conf import START_FILE


@pytest.fixture
def pod(two_nodes: LocalCluster) -> Iterator[Pod]:
    pod = Pod(two_nodes)
    yield pod
    pod.stop.set()


def test_redis_starts_at_the_agents_word_and_stops_at_it(pod: Pod) -> None:
    pod.start_redis()
    wait_until((pod.folder / "asks").exists, "the start script asks")
    assert pod.run(alive_script(pod.cluster.settings)) == 0, "waiting is no reason to be restarted"
    assert not pod.answers()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    assert pod.run(STOP_SCRIPT) == 0

    pod.cluster.kill(pod.member)
    assert pod.run(alive_script(pod.cluster.settings)) == 1, "a process that is gone is not alive"
    pod.start_redis()
    wait_until(pod.answers, "Redis runs again: every start is asked for")


def test_the_users_are_those_of_the_secret_also_when_it_changes(pod: Pod) -> None:
    pod.start_redis()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    users = pod.auth / "users.acl"
    users.write_text(users.read_text() + "user newcomer on nopass +ping\n")
    wait_until(
        lambda: "newcomer" in pod.cluster.ask(pod.member, "ACL", "USERS"), "the running server knows the new user"
    )
    wait_until(lambda: "newcomer" in (pod.folder / "users.acl").read_text(), "so does the next start")


def test_redis_begins_as_one_that_does_not_stand_for_election_which_is_nothing_to_a_master(pod: Pod) -> None:
    pod.start_redis()
    pod.start_agent()
    wait_until(pod.answers, "Redis runs")
    assert f"{NO_FAILOVER} yes\n" in (pod.folder / START_FILE).read_text()
    wait_until(lambda: pod.cluster.stands(pod.member), "the agent has looked")
