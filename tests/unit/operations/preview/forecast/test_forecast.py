"""Which pods restart, and what happens to shards."""

from typing import Any

from operations.preview.forecast.pods import sentences
from operations.preview.forecast.redis import shards
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step

REDIS = component("RedisCluster", "redis")


def _spec(image: str = "a:1", replicas: int = 3, **others: Any) -> dict[str, Any]:
    return {
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "web", "image": image}]}},
            **others,
        }
    }


def test_another_image_restarts_as_the_strategy_says() -> None:
    rolling: dict[str, Any] = {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 1}}
    }
    change = change_of(changed("Deployment", "a", _spec(**rolling), _spec("a:2", **rolling)))
    assert sentences(change) == [
        "Deployment webtier/a: its 3 pods restart (image of web); at most 2 more than 3 and 1 fewer meanwhile."
    ]


def test_kubernetes_own_strategy_is_a_quarter() -> None:
    (said,) = sentences(change_of(changed("Deployment", "a", _spec(replicas=5), _spec("a:2", replicas=5))))
    assert "at most 2 more than 5 and 1 fewer" in said


def test_all_at_once_is_away_meanwhile() -> None:
    all_at_once: dict[str, Any] = {"strategy": {"type": "Recreate"}}
    (said,) = sentences(change_of(changed("Deployment", "a", _spec(**all_at_once), _spec("a:2", **all_at_once))))
    assert said.endswith("away meanwhile.")


def test_a_changed_checksum_restarts_too() -> None:
    old, new = (
        {"spec": {"replicas": 1, "template": {"metadata": {"annotations": {"webtier/config-checksum": each}}}}}
        for each in "ab"
    )
    assert sentences(change_of(changed("StatefulSet", "a", old, new))) == [
        "StatefulSet webtier/a: its pod restarts (configuration); away until it is ready again."
    ]


def test_another_number_restarts_none() -> None:
    assert sentences(change_of(changed("Deployment", "a", _spec(), _spec(replicas=5)))) == [
        "Deployment webtier/a: 5 pods instead of 3."
    ]


def test_shards_that_restart_hand_over() -> None:
    events = [changed("StatefulSet", f"redis-shard-{n}", _spec(), _spec("a:2"), REDIS) for n in range(3)]
    assert list(shards(change_of(*events))) == [
        "Redis Cluster redis: 3 shards hand over to a replica before a master ends."
    ]


def test_slots_move_with_the_number_of_shards() -> None:
    kept = [
        step(
            "same",
            "StatefulSet",
            f"redis-shard-{n}",
            parent=REDIS,
            old=(each := state("StatefulSet", f"redis-shard-{n}", REDIS)),
            new=each,
        )
        for n in range(3)
    ]
    other = state("StatefulSet", "redis-shard-3", REDIS)
    (more,) = shards(change_of(*kept, step("create", "StatefulSet", "redis-shard-3", parent=REDIS, new=other)))
    assert "4 shards instead of 3; about 4096 slots move" in more
    (fewer,) = shards(change_of(*kept, step("delete", "StatefulSet", "redis-shard-3", parent=REDIS, old=other)))
    assert "3 shards instead of 4; about 4096 slots move away" in fewer
