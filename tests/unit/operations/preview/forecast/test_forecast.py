"""Which pods restart, what happens to shards, and which addresses and data go."""

from typing import Any

from operations.preview.forecast.forecast import Forecast
from operations.preview.model.change import Change
from tests.unit.operations.preview.engine_log import SECRET, change_of, changed, component, state, step

REDIS = component("RedisCluster", "redis")


def sentences(change: Change) -> list[str]:
    return list(Forecast.of(change).sentences)


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
    assert said.endswith("away meanwhile, for 50 s at most besides pulling an image.")


def test_a_changed_checksum_restarts_too() -> None:
    old, new = (
        {"spec": {"replicas": 1, "template": {"metadata": {"annotations": {"webtier/config-checksum": each}}}}}
        for each in "ab"
    )
    (said,) = sentences(change_of(changed("StatefulSet", "a", old, new)))
    assert said.startswith("StatefulSet webtier/a: its pod restarts (configuration); away until it is ready again, for")


def test_another_number_restarts_none() -> None:
    assert sentences(change_of(changed("Deployment", "a", _spec(), _spec(replicas=5)))) == [
        "Deployment webtier/a: 5 pods instead of 3."
    ]


def test_shards_that_restart_hand_over() -> None:
    events = [changed("StatefulSet", f"redis-shard-{n}", _spec(), _spec("a:2"), REDIS) for n in range(3)]
    *restarts, said = sentences(change_of(*events))
    assert len(restarts) == 3
    assert said.startswith("Redis Cluster redis: 3 shards, one after another, hand over to a replica")
    (redis,) = Forecast.of(change_of(*events)).clusters
    assert redis.hand_over == tuple(f"webtier/redis-shard-{n}" for n in range(3))


def test_none_hands_over_where_tls_is_switched() -> None:
    old, new = _spec(), _spec()
    new["spec"]["template"]["spec"]["initContainers"] = [{"name": "agent", "command": ["agent", "--tls=/etc/tls"]}]
    change = change_of(changed("StatefulSet", "redis-shard-0", old, new, REDIS))
    *_, said = sentences(change)
    assert said.startswith("Redis Cluster redis: TLS is switched; nobody is served")
    (redis,) = Forecast.of(change).clusters
    assert (redis.switches_tls, redis.hand_over) == (True, ())


def test_a_shard_without_a_replica_has_no_master_meanwhile() -> None:
    event = changed("StatefulSet", "redis-shard-0", _spec(replicas=1), _spec("a:2", replicas=1), REDIS)
    *_, said = sentences(change_of(event))
    assert "1 shard has no replica, and no master meanwhile" in said


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
    (more,) = sentences(change_of(*kept, step("create", "StatefulSet", "redis-shard-3", parent=REDIS, new=other)))
    assert "4 shards instead of 3; about 4096 slots move" in more
    (fewer,) = sentences(change_of(*kept, step("delete", "StatefulSet", "redis-shard-3", parent=REDIS, old=other)))
    assert "3 shards instead of 4; about 4096 slots move away" in fewer


def test_a_replaced_workload_restarts_its_pods() -> None:
    old, new = state("Deployment", "a", **_spec()), state("Deployment", "a", **_spec())
    detail: dict[str, Any] = {"keys": ["spec.selector"]}
    first = [step(each, "Deployment", "a", old=old, new=new, **detail) for each in ("delete-replaced", "replace")]
    (said,) = sentences(change_of(*first))
    assert "its 3 pods restart (spec.selector); all old ones end first" in said
    (said,) = sentences(change_of(step("create-replacement", "Deployment", "a", old=old, new=new, **detail)))
    assert said.endswith("new ones come before old ones end.")


AUTOSCALER = {
    "scaleTargetRef": {"kind": "Deployment", "name": "a"},
    "minReplicas": 2,
    "maxReplicas": 9,
}


def test_an_autoscaler_comes_and_goes() -> None:
    fixed, scaled = _spec(), _spec()
    del scaled["spec"]["replicas"]
    scaler = state("HorizontalPodAutoscaler", "a", spec=AUTOSCALER)
    comes = change_of(
        changed("Deployment", "a", fixed, scaled), step("create", "HorizontalPodAutoscaler", "a", new=scaler)
    )
    assert sentences(comes) == ["Deployment webtier/a: an autoscaler decides how many pods there are, from 2 to 9."]
    goes = change_of(
        changed("Deployment", "a", scaled, fixed), step("delete", "HorizontalPodAutoscaler", "a", old=scaler)
    )
    assert sentences(goes) == ["Deployment webtier/a: 3 pods, and no autoscaler decides any more."]
    other = changed("HorizontalPodAutoscaler", "a", {"spec": AUTOSCALER}, {"spec": {**AUTOSCALER, "maxReplicas": 4}})
    assert sentences(change_of(other)) == [
        "Deployment webtier/a: an autoscaler decides how many pods there are, from 2 to 4 instead of from 2 to 9."
    ]


def _node_port(number: int) -> dict[str, Any]:
    return {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": number}]}}


def test_addresses_that_go_are_told_and_new_ones_are_not() -> None:
    first, second = (_node_port(number) for number in (30080, 30081))
    (said,) = sentences(change_of(changed("Service", "a", first, second)))
    assert said.startswith("Service webtier/a: no longer at port 30080 of each node, now port 30081 of each node;")
    gone = change_of(step("delete", "Service", "a", old=state("Service", "a", **first)))
    assert "no longer at a.webtier:80, port 30080 of each node;" in sentences(gone)[0]
    inside = {"spec": {"type": "ClusterIP", "ports": [{"port": 80}]}}
    assert sentences(change_of(changed("Service", "a", inside, first))) == []


def test_a_volume_that_grows_does_not_shrink_again() -> None:
    small, large = ({"spec": {"resources": {"requests": {"storage": each}}}} for each in ("1Gi", "2Gi"))
    events = [changed("PersistentVolumeClaim", f"data-{n}", small, large) for n in range(2)]
    (said,) = sentences(change_of(*events))
    assert said.startswith("2 PersistentVolumeClaims: a volume of 2Gi instead of 1Gi")
    assert said.endswith("no volume shrinks again. It can't be undone.")
    (said,) = sentences(
        change_of(step("delete", "PersistentVolumeClaim", "a", old=state("PersistentVolumeClaim", "a")))
    )
    assert said.startswith("PersistentVolumeClaim webtier/a: deleted, with its data")


def test_other_passwords_need_no_restart() -> None:
    event = changed("Secret", "redis-auth", {"data": SECRET}, {"data": {"users.acl": SECRET}}, REDIS)
    kept = state("StatefulSet", "redis-shard-0", REDIS)
    same = step("same", "StatefulSet", "redis-shard-0", parent=REDIS, old=kept, new=kept)
    (said,) = sentences(change_of(same, event))
    assert "other passwords are accepted, without a restart" in said
