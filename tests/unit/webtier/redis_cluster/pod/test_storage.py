"""A Redis Cluster's volumes and claims: where they are, and in which order they come and go."""

from tests.unit.webtier.redis_cluster.redis_objects import CLAIM, LOCAL, STATEFUL_SET, STORAGE_CLASS, VOLUME, record


def test_local_volumes_are_bound_to_their_claim_and_node() -> None:
    recording = record({"storage": LOCAL})
    nodes: dict[tuple[int, int], str] = {}
    for shard in range(3):
        for member in range(2):
            spec = recording.one(VOLUME, f"redis-shard-{shard}-{member}").inputs["spec"]
            claim = f"data-redis-shard-{shard}-{member}"
            assert spec["claimRef"] == {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "shop",
                "name": claim,
            }
            assert spec["local"] == {"path": f"/var/lib/webtier-volumes/shop/{claim}"}
            assert spec["persistentVolumeReclaimPolicy"] == "Retain"
            assert spec["capacity"] == {"storage": "2Gi"}
            (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
            (expression,) = term["matchExpressions"]
            assert (expression["key"], expression["operator"]) == ("kubernetes.io/hostname", "In")
            (nodes[shard, member],) = expression["values"]
    assert len({nodes[shard, 0] for shard in range(3)}) == 3
    assert all(nodes[shard, 0] != nodes[shard, 1] for shard in range(3))

    storage_class = recording.one(STORAGE_CLASS, "redis-volumes").inputs
    assert storage_class["metadata"]["name"] == "shop-redis"
    assert storage_class["provisioner"] == "kubernetes.io/no-provisioner"
    assert storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage_class["allowVolumeExpansion"] is True
    (claim_template,) = recording.one(STATEFUL_SET, "redis-shard-0").inputs["spec"]["volumeClaimTemplates"]
    assert claim_template["spec"]["storageClassName"] == "shop-redis"
    assert claim_template["metadata"] == {"name": "data"}


def test_nfs_volumes_are_folders_of_the_server() -> None:
    storage = {"kind": "nfs", "server": "nfs.example.com", "path": "/exports/redis", "storage_class": "shared"}
    recording = record({"storage": storage, "shards": 1})
    spec = recording.one(VOLUME, "redis-shard-0-1").inputs["spec"]
    assert spec["nfs"] == {"server": "nfs.example.com", "path": "/exports/redis/shop/data-redis-shard-0-1"}
    assert spec["storageClassName"] == "shared"
    assert "nodeAffinity" not in spec
    assert recording.one(STORAGE_CLASS, "redis-volumes").inputs["metadata"]["name"] == "shared"


def test_dynamic_storage_makes_nothing_beforehand() -> None:
    recording = record({"storage": {"kind": "dynamic", "storage_class": "fast"}})
    assert recording.of_type(VOLUME) == recording.of_type(STORAGE_CLASS) == []
    (claim_template,) = recording.one(STATEFUL_SET, "redis-shard-0").inputs["spec"]["volumeClaimTemplates"]
    assert claim_template["spec"]["storageClassName"] == "fast"


def test_volumes_go_in_the_order_that_a_destroy_can_follow() -> None:
    """A volume outlives its pods, and does not wait for the namespace that holds its claim."""
    recording = record({"storage": LOCAL})
    for volume in recording.of_type(VOLUME):
        assert "shop" not in volume.dependencies
        assert volume.name in recording.one(CLAIM, f"{volume.name}-data").dependencies
    assert "shop" in recording.one(STATEFUL_SET, "redis-shard-0").dependencies
    assert "shop" not in recording.one("webtier:index:RedisCluster", "redis").dependencies


def test_claims_are_made_before_their_shard_and_go_after_it() -> None:
    recording = record({"storage": LOCAL})
    claims = recording.of_type(CLAIM)
    assert {each.inputs["metadata"]["name"] for each in claims} == {
        f"data-redis-shard-{shard}-{member}" for shard in range(3) for member in range(2)
    }
    for claim in claims:
        assert claim.inputs["spec"]["resources"]["requests"] == {"storage": "2Gi"}
        volume = claim.inputs["metadata"]["name"].removeprefix("data-")
        assert any(urn.endswith(f"PersistentVolume::{volume}") for urn in claim.options.dependencies)
    for stateful_set in recording.of_type(STATEFUL_SET):
        needed = {each.urn for each in claims if stateful_set.name in each.name}
        assert len(needed) == 2
        assert needed <= set(stateful_set.options.dependencies)
        assert stateful_set.options.ignoreChanges == ["spec.volumeClaimTemplates"]


def test_what_holds_data_can_be_protected() -> None:
    recording = record({"storage": LOCAL}, protect=True)
    assert all(each.options.protect for each in recording.of_type(STATEFUL_SET) + recording.of_type(VOLUME))
    assert not any(each.options.protect for each in record({"storage": LOCAL}).of_type(VOLUME))
