"""A single Redis: its objects as they would be sent."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.harness.recording import Recording, run_recorded
from tests.unit.webtier.redis_standalone.standalone_objects import CONFIG_MAP, SECRET, auth_files, record
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs, RedisStandaloneSettings

STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
SERVICE = "kubernetes:core/v1:Service"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"

LOCAL = {"kind": "local", "nodes": ["webtier-a"], "size": "2Gi"}
NFS = {"kind": "nfs", "server": "nfs.example.com", "path": "/exports/redis"}


def stateful_set(recording: Recording) -> dict[str, Any]:
    return recording.one(STATEFUL_SET, "sessions").inputs["spec"]


def pod(recording: Recording) -> dict[str, Any]:
    return stateful_set(recording)["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    (only,) = pod(recording)["containers"]
    return only


def data_volume(recording: Recording) -> dict[str, Any]:
    (found,) = (volume for volume in pod(recording)["volumes"] if volume["name"] == "data")
    return found


def claim_of(storage: dict[str, Any]) -> str:
    return record({"storage": storage}).one(CLAIM, "sessions-data").inputs["metadata"]["name"]


# --- the objects ---


def test_the_default_is_one_pod_and_one_service_without_a_volume() -> None:
    recording = record()
    spec = stateful_set(recording)
    assert (spec["replicas"], spec["serviceName"], spec["podManagementPolicy"]) == (1, "sessions", "Parallel")
    assert data_volume(recording) == {"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}
    assert [each.name for each in recording.of_type(SERVICE)] == ["sessions"]
    assert recording.of_type(VOLUME) == recording.of_type(CLAIM) == recording.of_type(STORAGE_CLASS) == []


def test_everything_is_a_child_named_after_the_component() -> None:
    recording = record({"storage": LOCAL, "access": {"node_port": 30020}})
    for resource in recording.resources:
        if resource.type not in ("kubernetes:core/v1:Namespace", "webtier:index:RedisStandalone"):
            assert resource.parent_name == "sessions", resource
            assert resource.name.startswith("sessions"), resource
            labels = resource.inputs["metadata"]["labels"]
            assert labels["app.kubernetes.io/instance"] == "sessions"
            assert labels["app.kubernetes.io/managed-by"] == "pulumi"


def test_two_in_one_program_do_not_collide() -> None:
    def program() -> None:
        for name, port in (("sessions", 30020), ("jobs", 30021)):
            given = {"storage": LOCAL, "access": {"node_port": port}}
            RedisStandalone(name, RedisStandaloneArgs(RedisStandaloneSettings.model_validate(given), "shop"))

    resources = run_recorded(program).resources
    names = [(each.type, each.inputs["metadata"].get("name")) for each in resources if "metadata" in each.inputs]
    named = [name for name in names if name[1] is not None]
    assert len(named) == len(set(named))
    assert len({(each.type, each.name) for each in resources}) == len(resources)


def test_the_pod_is_restricted_and_has_no_token() -> None:
    recording = record()
    spec = pod(recording)
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    context = spec["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"], context["fsGroup"]) == (True, 999, 999)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    context = container(recording)["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["readOnlyRootFilesystem"] is True


def test_services_pick_the_pod_and_no_other_redis() -> None:
    recording = record({"access": {"node_port": 30020}})
    labels = stateful_set(recording)["template"]["metadata"]["labels"]
    inside, access = (recording.one(SERVICE, name).inputs["spec"] for name in ("sessions", "sessions-access"))
    for spec in (inside, access):
        assert spec["selector"].items() <= labels.items()
        assert spec["selector"]["app.kubernetes.io/instance"] == "sessions"
        assert (spec["ports"][0]["port"], spec["ports"][0]["targetPort"]) == (6379, "redis")
    assert (inside["type"], access["type"]) == ("ClusterIP", "NodePort")
    assert access["ports"][0]["nodePort"] == 30020
    assert stateful_set(recording)["selector"]["matchLabels"].items() <= labels.items()


def test_outputs() -> None:
    exports = record({"access": {"node_port": 30020}}, node_address="10.0.0.7").exports
    assert exports["endpoint"] == "sessions.shop.svc.cluster.local:6379"
    assert (exports["access_port"], exports["external_endpoint"]) == (30020, "10.0.0.7:30020")
    exports = record(node_address="10.0.0.7", cluster_domain="corp.example").exports
    assert exports["endpoint"] == "sessions.shop.svc.corp.example:6379"
    assert exports.get("access_port") is exports.get("external_endpoint") is None


def test_clients_outside_come_by_any_node_port_or_a_load_balancer() -> None:
    assigned = record({"access": {"exposure": {"kind": "node_port", "external_traffic_policy": "Local"}}})
    spec = assigned.one(SERVICE, "sessions-access").inputs["spec"]
    assert (spec["type"], spec["externalTrafficPolicy"]) == ("NodePort", "Local")
    assert "nodePort" not in spec["ports"][0]
    balanced = {"kind": "load_balancer", "source_ranges": ["10.0.0.0/8"], "annotations": {"a.example/b": "c"}}
    service = record({"access": {"exposure": balanced, "node_port": 30020}}).one(SERVICE, "sessions-access").inputs
    assert service["metadata"]["annotations"]["a.example/b"] == "c"
    assert (service["spec"]["type"], service["spec"]["loadBalancerSourceRanges"]) == ("LoadBalancer", ["10.0.0.0/8"])
    assert service["spec"]["ports"][0]["nodePort"] == 30020
    assert record().of_type(SERVICE)[0].name == "sessions"
    assert len(record().of_type(SERVICE)) == 1


def test_the_password_is_made_once_and_only_in_the_secret() -> None:
    recording = record()
    secret = recording.one(SECRET, "sessions-auth")
    password = auth_files(recording)["password"]
    assert len(password) >= 32
    assert auth_files(recording)["auth.conf"] == f'requirepass "{password}"\n'
    assert (recording.exports["password"], recording.secret_exports) == (password, {"password"})
    assert secret.secret_inputs == {"data"}
    assert list(secret.options.ignoreChanges) == ["data"]
    for resource in recording.resources:
        if resource.type != SECRET:
            assert password not in json.dumps(resource.inputs), resource.name
    assert "env" not in container(recording)
    assert auth_files(record())["password"] != password


def test_nothing_but_the_secret_differs_between_two_runs() -> None:
    first, second = (
        {resource.urn: resource.inputs for resource in record({"storage": LOCAL}).resources if resource.type != SECRET}
        for _ in range(2)
    )
    assert first == second


def test_a_changed_redis_conf_replaces_the_pod() -> None:
    def checksum_of(recording: Recording) -> str:
        return stateful_set(recording)["template"]["metadata"]["annotations"]["webtier/config-checksum"]

    after = record({"conf": {"appendfsync": "always"}})
    assert "appendfsync always\n" in after.one(CONFIG_MAP, "sessions-conf").inputs["data"]["redis.conf"]
    assert checksum_of(record()) == checksum_of(record()) != checksum_of(after)


def test_redis_conf_follows_the_settings() -> None:
    settings: dict[str, Any] = {
        "conf": {"maxmemory_percent": 60, "maxmemory_policy": "allkeys-lru", "appendonly": False, "save": []},
        "resources": {"limits": {"memory": "1000Mi"}},
    }
    lines = record(settings).one(CONFIG_MAP, "sessions-conf").inputs["data"]["redis.conf"].splitlines()
    assert {f"maxmemory {600 * 2**20}", "maxmemory-policy allkeys-lru", "appendonly no", 'save ""'} <= set(lines)
    assert not any(line.startswith("cluster") for line in lines)


# --- storage ---


def test_a_local_volume_is_bound_to_its_claim_and_node() -> None:
    recording = record({"storage": LOCAL})
    claim = recording.one(CLAIM, "sessions-data")
    volume = recording.one(VOLUME, "sessions-data").inputs["spec"]
    name = claim.inputs["metadata"]["name"]
    assert data_volume(recording)["persistentVolumeClaim"] == {"claimName": name}
    assert volume["claimRef"]["name"] == name
    assert volume["local"] == {"path": "/var/lib/webtier-volumes/shop/data-sessions"}
    (term,) = volume["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["webtier-a"]
    assert claim.inputs["spec"]["storageClassName"] == volume["storageClassName"] == "shop-sessions"
    assert claim.inputs["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim.inputs["spec"]["resources"]["requests"] == volume["capacity"] == {"storage": "2Gi"}
    assert recording.one(STORAGE_CLASS, "sessions-volumes").inputs["metadata"]["name"] == "shop-sessions"


def test_an_nfs_volume_is_a_folder_of_the_server() -> None:
    recording = record({"storage": {**NFS, "storage_class": "shared"}})
    spec = recording.one(VOLUME, "sessions-data").inputs["spec"]
    assert spec["nfs"] == {"server": "nfs.example.com", "path": "/exports/redis/shop/data-sessions"}
    assert "nodeAffinity" not in spec
    assert recording.one(CLAIM, "sessions-data").inputs["spec"]["storageClassName"] == "shared"


def test_nobody_waits_for_a_claim_that_waits_for_its_pod() -> None:
    for storage in (LOCAL, {"kind": "dynamic"}):
        metadata = record({"storage": storage}).one(CLAIM, "sessions-data").inputs["metadata"]
        assert metadata["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_dynamic_storage_is_only_claimed() -> None:
    recording = record({"storage": {"kind": "dynamic", "storage_class": "fast"}})
    assert recording.of_type(VOLUME) == recording.of_type(STORAGE_CLASS) == []
    assert recording.one(CLAIM, "sessions-data").inputs["spec"]["storageClassName"] == "fast"


def test_the_volume_goes_after_its_claim_and_does_not_wait_for_the_namespace() -> None:
    recording = record({"storage": LOCAL})
    assert "shop" not in recording.one(VOLUME, "sessions-data").dependencies
    claim = recording.one(CLAIM, "sessions-data")
    assert recording.one(VOLUME, "sessions-data").urn in claim.options.dependencies
    assert claim.urn in recording.one(STATEFUL_SET, "sessions").options.dependencies


def test_another_place_is_another_claim() -> None:
    """A claim of the same name would have to go before the pod that has it mounted: it could not."""
    places = [
        LOCAL,
        {**LOCAL, "nodes": ["webtier-b"]},
        {**LOCAL, "root": "/srv"},
        {**LOCAL, "storage_class": "own"},
        NFS,
        {**NFS, "path": "/exports/other"},
        {**NFS, "server": "nfs2.example.com"},
        {"kind": "dynamic"},
        {"kind": "dynamic", "storage_class": "fast"},
    ]

    assert len({claim_of(storage) for storage in places}) == len(places)
    # Whoever upgrades must find the volume that there is.
    assert claim_of(LOCAL) == "data-sessions-dede8685"


def test_another_size_is_another_claim_only_where_a_claim_can_not_grow() -> None:
    assert claim_of({"kind": "dynamic", "size": "9Gi"}) == claim_of({"kind": "dynamic"})
    for storage in (LOCAL, NFS):
        assert claim_of({**storage, "size": "9Gi"}) != claim_of(storage)


def test_what_holds_data_can_be_protected() -> None:
    recording = record({"storage": LOCAL}, protect=True)
    protected = {resource.type for resource in recording.resources if resource.options.protect}
    assert protected == {VOLUME, CLAIM}
    assert not any(resource.options.protect for resource in record({"storage": LOCAL}).resources)


# --- what is refused, and what is said ---


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"storage": {**LOCAL, "nodes": ["a", "b"]}}, "storage.nodes\n.*allowed: exactly one node"),
        (
            {"storage": LOCAL, "conf": {"appendonly": False, "save": []}},
            "storage.kind\n.*nothing would ever be written",
        ),
        ({"storage": {"kind": "dynamic", "size": "100Mi"}}, "storage.size\n.*less than maxmemory"),
        ({"resources": {"limits": {"memory": None}}}, "resources.limits.memory\n.*not set"),
        ({"resources": {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi"}}}, "too little"),
        ({"image": "redis:6.2"}, "Redis 7.0 or later"),
        ({"access": {"node_port": 6379}}, "greater than or equal to 30000"),
        ({"replicas": 2}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RedisStandaloneSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        ({}, ["all data goes with the pod"]),
        ({"conf": {"maxmemory_policy": "volatile-ttl"}}, ["all data goes with the pod"]),
        ({"conf": {"maxmemory_policy": "allkeys-lru"}}, []),
        ({"conf": {"maxmemory_policy": "allkeys-lfu", "appendonly": False, "save": []}}, []),
        ({"storage": LOCAL}, []),
        ({"storage": LOCAL, "conf": {"appendonly": False}}, ["every write since the last snapshot"]),
        ({"storage": {**LOCAL, "size": "200Mi"}}, ["can fill the volume"]),
    ],
)
def test_what_may_surprise_is_said(settings: dict[str, Any], notes: list[str]) -> None:
    warnings = record(settings).warnings
    assert len(warnings) == len(notes)
    for warning, note in zip(warnings, notes, strict=True):
        assert warning.startswith("sessions: ")
        assert note in warning


@pytest.mark.parametrize("name", ["Sessions", "9lives", "a_b", "", "s" * 41, "sessions-"])
def test_a_name_that_dns_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't name a RedisStandalone; allowed: 1 to 40 of a-z"):
        run_recorded(lambda: RedisStandalone(name, RedisStandaloneArgs(RedisStandaloneSettings(), "shop")))
