"""Each environment of the project, deployed, previewed, changed, drifted and broken as `local` is."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from operations.drift.__main__ import HAS_DRIFTED
from tests.cluster.environments.environment_stack import PASSWORD, EnvironmentStack, LoadBalancer, wait_until_whole
from tests.cluster.golden.planted import secrets_in
from tests.cluster.harness.stacks.copied_stack import Settings, steps_done, steps_told
from tests.cluster.harness.tier import Tier, eventually, is_ready

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module", params=["dev", "staging", "prod"])
def stack(
    request: pytest.FixtureRequest, tier: Tier, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EnvironmentStack]:
    made = EnvironmentStack(tier, tmp_path_factory.mktemp(request.param), request.param)
    made.remove()
    has_balancer = made.settings["ingress"].get("service_type") == "LoadBalancer"
    try:
        with LoadBalancer(tier, made.ingress_namespace) if has_balancer else nullcontext():
            made.start_from(lambda _: None)
            yield made
    finally:
        made.remove()


def _another_page(settings: Settings) -> None:
    settings["services"]["pay-v1"]["files"]["/usr/share/nginx/html/index.html"] = "pay-v1\n\n"


def test_it_serves_and_nothing_is_left_to_change(stack: EnvironmentStack) -> None:
    wait_until_whole(stack)
    previewed = stack.preview()
    assert (previewed.code, previewed.report.verdict) == (0, "no changes"), previewed.shown[0]
    assert list(secrets_in(previewed.shown, PASSWORD)) == []


def test_a_change_is_what_the_preview_says(stack: EnvironmentStack) -> None:
    stack.change(_another_page)
    previewed = stack.preview()
    assert previewed.code == 0, previewed.shown[0]
    assert [roll.place for roll in previewed.report.forecast.rolls] == [f"{stack.namespace}/pay-v1"]
    done, said = stack.up()
    assert done.succeeded, said
    assert steps_told(previewed.report) == steps_done(done)
    wait_until_whole(stack)
    stack.commit()


def test_what_hands_change_is_told_and_put_back(stack: EnvironmentStack) -> None:
    by_hand = ("-n", stack.namespace, "deployment/user-v1")
    stack.tier.kubectl("set", "env", *by_hand, "BY_HAND=yes")
    patch = json.dumps({"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 77}}}})
    stack.tier.kubectl("patch", *by_hand, "--patch", patch)
    told = stack.run("-m", "operations.drift", "--", stack.name)
    assert told.returncode == HAS_DRIFTED, told.stdout + told.stderr
    assert "BY_HAND" in told.stdout
    assert "terminationGracePeriodSeconds: " in told.stdout
    assert list(secrets_in((told.stdout, told.stderr), PASSWORD)) == []
    refreshed = stack.pulumi.attempt("up", "--refresh", "--stack", stack.name, "--yes", "--skip-preview", timeout=600)
    assert refreshed.returncode == 0, refreshed.stdout + refreshed.stderr
    again = stack.run("-m", "operations.drift", "--", stack.name)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_lost_master_comes_back(stack: EnvironmentStack) -> None:
    def pod() -> dict[str, Any]:
        return stack.tier.one("pod", "redis-shard-1-0", "-n", stack.namespace)

    def is_another_and_ready() -> None:
        assert pod()["metadata"]["uid"] != before
        assert is_ready(pod())

    before = pod()["metadata"]["uid"]
    stack.tier.kubectl("delete", "pod", "redis-shard-1-0", "-n", stack.namespace, "--wait=false")
    eventually(is_another_and_ready, 120)
    wait_until_whole(stack)


def test_what_loses_data_is_stopped(stack: EnvironmentStack) -> None:
    def fewer(settings: Settings) -> None:
        settings["redis"]["shards"] = 2

    stack.change(fewer)
    previewed = stack.preview()
    assert previewed.code != 0
    assert "fewer shards" in {each.kind for each in previewed.report.dangers}
