"""Which pods restart, what happens to shards, and which addresses and data go."""

from typing import Any

import pytest

from operations.preview.forecast.forecast import Forecast
from operations.preview.model.change import Change
from tests.unit.operations.preview.engine_log import SECRET, change_of, changed, component, state, step

REDIS = component("RedisCluster", "redis")
FOR_50_S = "for 50 s at most besides pulling an image"


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
        "Deployment webtier/a: its 3 pods restart (image of web); at most 5 at a time, at least 2 ready."
    ]


def test_kubernetes_own_strategy_is_a_quarter() -> None:
    (said,) = sentences(change_of(changed("Deployment", "a", _spec(replicas=5), _spec("a:2", replicas=5))))
    assert said.endswith("at most 7 at a time, at least 4 ready.")


@pytest.mark.parametrize(
    ("old", "new", "limits", "what", "how"),
    [
        (4, 6, ("25%", 0), "6 pods instead of 4, and its 4 pods restart", "at most 8 at a time, at least 4 ready"),
        (6, 4, (1, 1), "4 pods instead of 6, and the 4 that stay restart", "at most 6 at a time, at least 3 ready"),
        (1, 2, (1, 0), "2 pods instead of 1, and its pod restarts", "at most 3 at a time, at least 1 ready"),
        (2, 1, (1, 0), "1 pod instead of 2, and the one that stays restarts", "at most 2 at a time, at least 1 ready"),
        # Kubernetes lets one go where neither rounds to anything.
        (3, 3, (0, "10%"), "its 3 pods restart", "at most 3 at a time, at least 2 ready"),
        (1, 1, (0, 1), "its pod restarts", f"at most 1 at a time, maybe none ready, {FOR_50_S}"),
    ],
)
def test_another_number_and_a_restart_are_one_sentence(
    old: int, new: int, limits: tuple[int | str, int | str], what: str, how: str
) -> None:
    surge, fewer = limits
    strategy = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": fewer}}
    before, after = _spec(replicas=old, strategy=strategy), _spec("a:2", replicas=new, strategy=strategy)
    change = change_of(changed("Deployment", "a", before, after))
    assert sentences(change) == [f"Deployment webtier/a: {what} (image of web); {how}."]
    assert len(Forecast.of(change).rolls) == 1
    assert len(Forecast.of(change).scalings) == (old != new)


def test_what_is_the_same_of_several_is_one_sentence() -> None:
    restart = [changed("Deployment", name, _spec(), _spec("a:2")) for name in "abcde"]
    assert sentences(change_of(*restart[:2])) == [
        "Deployments webtier/a, b, each: its 3 pods restart (image of web); at most 4 at a time, at least 3 ready."
    ]
    (said,) = sentences(change_of(*restart))
    assert said.startswith("Deployments webtier/a, b, c and 2 more, each: its 3 pods restart")
    assert len(Forecast.of(change_of(*restart)).rolls) == 5
    scaled = [changed("Deployment", name, _spec(), _spec(replicas=5)) for name in "ab"]
    assert sentences(change_of(*scaled)) == ["Deployments webtier/a, b, each: 5 pods instead of 3."]
    other = changed("Deployment", "b", _spec(), _spec("a:2", replicas=5))
    assert len(sentences(change_of(restart[0], other))) == 2


def test_a_namespace_is_named_where_it_is_another_one() -> None:
    elsewhere = [
        changed(
            "Deployment",
            name,
            {"metadata": {"name": name, "namespace": there}, **_spec()},
            {"metadata": {"name": name, "namespace": there}, **_spec("a:2")},
        )
        for name, there in (("a", "x"), ("b", "x"), ("c", "y"))
    ]
    (said,) = sentences(change_of(*elsewhere))
    assert said.startswith("Deployments x/a, b, y/c, each: ")


def test_all_at_once_is_away_meanwhile() -> None:
    all_at_once: dict[str, Any] = {"strategy": {"type": "Recreate"}}
    (said,) = sentences(change_of(changed("Deployment", "a", _spec(**all_at_once), _spec("a:2", **all_at_once))))
    assert said.endswith(f"away meanwhile, {FOR_50_S}.")


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
    restarts, said = sentences(change_of(*events))
    assert restarts == (
        "StatefulSets webtier/redis-shard-0, redis-shard-1, redis-shard-2: 9 pods restart (image of web); "
        "one after another."
    )
    assert said.startswith("Redis Cluster redis: 3 shards, one after another, hand over to a replica")
    (redis,) = Forecast.of(change_of(*events)).clusters
    assert redis.hand_over == tuple(f"webtier/redis-shard-{n}" for n in range(3))


def _conf(maxmemory: int) -> dict[str, Any]:
    return {"data": {"redis.conf": f"port 6379\nmaxmemory {maxmemory}\nmaxmemory-policy noeviction\n"}}


def test_another_maxmemory_is_told() -> None:
    shard = changed("StatefulSet", "redis-shard-0", _spec(), _spec("a:2"), REDIS)
    conf = changed("ConfigMap", "redis-conf", _conf(3006477107), _conf(4509715660), REDIS)
    _, hands_over, said = sentences(change_of(conf, shard))
    assert hands_over.startswith("Redis Cluster redis: a shard hands over")
    assert said == "Redis Cluster redis: maxmemory 2.8Gi → 4.2Gi of each node."
    smaller = changed("ConfigMap", "redis-conf", _conf(3006477107), _conf(375809638), REDIS)
    assert "maxmemory 2.8Gi → 358.4Mi of" in sentences(change_of(smaller, shard))[-1]
    same = changed("ConfigMap", "redis-conf", {**_conf(1), "a": 1}, {**_conf(1), "a": 2}, REDIS)
    assert "maxmemory" not in sentences(change_of(same, shard))[-1]


def test_claims_that_stay_are_told_by_their_shard() -> None:
    kept = {**state("PersistentVolumeClaim", "x"), "retainOnDelete": True}

    def claims(operation: str, shard: int, old: dict[str, Any]) -> list[Any]:
        names = [f"data-redis-shard-{shard}-{n}" for n in range(3)]
        inputs = [{**old["inputs"], "metadata": {"name": name, "namespace": "webtier"}} for name in names]
        steps = zip(names, inputs, strict=True)
        return [step(operation, "PersistentVolumeClaim", name, old={**old, "inputs": of}) for name, of in steps]

    shards = [
        step("delete", "StatefulSet", f"redis-shard-{n}", old=state("StatefulSet", f"redis-shard-{n}")) for n in (2, 3)
    ]
    change = change_of(*shards, *claims("delete", 2, kept), *claims("discard", 3, state("PersistentVolumeClaim", "x")))
    assert sentences(change) == [
        f"3 PersistentVolumeClaims of redis-shard-{n} stay in the cluster, with their data." for n in (2, 3)
    ]
    gone = change_of(shards[0], *claims("delete", 2, state("PersistentVolumeClaim", "x")))
    (said,) = sentences(gone)
    assert said.startswith("3 PersistentVolumeClaims: deleted, with their data")
    single = sentences(change_of(claims("delete", 2, kept)[0]))
    assert single == ["PersistentVolumeClaim webtier/data-redis-shard-2-0 stays in the cluster, with its data."]


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
