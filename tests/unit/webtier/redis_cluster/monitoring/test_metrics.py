"""The objects that bring a Redis Cluster's metrics to Prometheus and Grafana."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_kubernetes.core.v1 import VolumeMountArgs
from pydantic import ValidationError

from tests.unit.harness.promtool import check_rules
from tests.unit.harness.recording import Recording, run_recorded
from webtier.redis_cluster import RedisCluster, RedisClusterArgs, RedisClusterSettings
from webtier.redis_cluster.credentials.tls import TlsFiles
from webtier.redis_cluster.monitoring.alerts import cluster_alerts
from webtier.redis_cluster.monitoring.dashboard import render_dashboard
from webtier.redis_cluster.monitoring.exporter import exporter_containers
from webtier.redis_cluster.settings import MetricsSettings

PASSWORD = "correct horse battery staple"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
SERVICE_MONITOR = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
PROMETHEUS_RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
OPERATOR = {"prometheus_operator": {"enabled": True, "labels": {"release": "kps"}, "interval_seconds": 15}}
DOCUMENT = Path(__file__).parents[5] / "docs" / "redis-metrics.md"


def record(metrics: dict[str, Any] | None = None, **settings: Any) -> Recording:
    redis = RedisClusterSettings.model_validate({"metrics": metrics or {}, **settings})
    return run_recorded(lambda: RedisCluster("redis", RedisClusterArgs(redis, "shop", PASSWORD)))


def template(recording: Recording) -> dict[str, Any]:
    return recording.one(STATEFUL_SET, "redis-shard-0").inputs["spec"]["template"]


def exporter(recording: Recording) -> dict[str, Any]:
    (found,) = (each for each in template(recording)["spec"]["containers"] if each["name"] == "metrics")
    return found


def names(recording: Recording, type_: str) -> set[str]:
    return {each.inputs["metadata"]["name"] for each in recording.of_type(type_)}


def test_each_redis_has_an_exporter_that_prometheus_finds() -> None:
    recording = record()
    assert exporter(recording)["image"] == "docker.io/oliver006/redis_exporter:v1.74.0"
    (port,) = exporter(recording)["ports"]
    assert (port["name"], port["containerPort"]) == ("metrics", 9121)
    annotations = template(recording)["metadata"]["annotations"]
    assert {key: value for key, value in annotations.items() if key.startswith("prometheus.io/")} == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9121",
        "prometheus.io/path": "/metrics",
    }


def test_the_exporter_has_its_own_password_and_no_other() -> None:
    recording = record()
    volumes = {each["name"]: each for each in template(recording)["spec"]["volumes"]}
    (mount,) = exporter(recording)["volumeMounts"]
    secret = volumes[mount["name"]]["secret"]
    assert mount["readOnly"] is True
    assert [each["path"] for each in secret["items"]] == ["exporter.json"]
    assert f"--redis.password-file={mount['mountPath']}/exporter.json" in exporter(recording)["args"]
    passwords = json.loads(recording.one(SECRET, "redis-auth").inputs["stringData"]["exporter.json"])
    assert set(passwords) == {"redis://exporter@127.0.0.1:6379", "rediss://exporter@127.0.0.1:6379"}
    assert {"--redis.addr=redis://127.0.0.1:6379", "--redis.user=exporter"} <= set(exporter(recording)["args"])
    (own,) = set(passwords.values())
    assert own != PASSWORD
    for resource in recording.resources:
        assert resource.type == SECRET or own not in json.dumps(resource.inputs)


def test_a_new_password_is_read_again_and_no_metrics_are_no_reason_to_be_unready() -> None:
    container = exporter(record())
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/reload", "port": "metrics"}
    assert "readinessProbe" not in container


def test_a_redis_that_speaks_only_tls_is_asked_so() -> None:
    tls = TlsFiles("redis-tls", None)
    (container,) = exporter_containers(MetricsSettings(), tls)
    arguments = container.args
    assert isinstance(arguments, list)
    assert {
        "--redis.addr=rediss://127.0.0.1:6379",
        "--tls-ca-cert-file=/etc/webtier-redis/tls/ca.crt",
        "--tls-client-cert-file=/etc/webtier-redis/tls/tls.crt",
        "--tls-client-key-file=/etc/webtier-redis/tls/tls.key",
    } <= set(arguments)
    mounts = container.volume_mounts
    assert isinstance(mounts, list)
    assert "/etc/webtier-redis/tls" in {mount.mount_path for mount in mounts if isinstance(mount, VolumeMountArgs)}


def test_the_metrics_service_leads_to_every_redis_pod_also_when_it_is_not_ready() -> None:
    recording = record()
    service = recording.one(SERVICE, "redis-metrics").inputs["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(9121, "metrics")]
    assert service["selector"].items() <= template(recording)["metadata"]["labels"].items()


def test_with_the_operator_it_is_told_what_to_scrape() -> None:
    recording = record(OPERATOR)
    monitor = recording.one(SERVICE_MONITOR, "redis-metrics").inputs
    assert monitor["metadata"]["labels"]["release"] == "kps"
    spec = monitor["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["shop"]}
    (endpoint,) = spec["endpoints"]
    assert (endpoint["port"], endpoint["interval"]) == ("metrics", "15s")
    (relabeling,) = endpoint["relabelings"]
    assert (relabeling["sourceLabels"], relabeling["targetLabel"]) == (["__meta_kubernetes_pod_node_name"], "node")
    picked = [
        each.inputs["metadata"]["name"]
        for each in recording.of_type(SERVICE)
        if spec["selector"]["matchLabels"].items() <= each.inputs["metadata"]["labels"].items()
    ]
    assert picked == ["redis-metrics"]


def test_rules_are_given_to_the_operator_or_laid_down_for_a_plain_prometheus(tmp_path: Path) -> None:
    with_operator, plain = record(OPERATOR), record()
    rule = with_operator.one(PROMETHEUS_RULE, "redis-alerts").inputs
    assert rule["metadata"]["labels"]["release"] == "kps"
    rules = yaml.safe_load(plain.one(CONFIG_MAP, "redis-alerts").inputs["data"]["alerts.yaml"])
    assert rules == rule["spec"]
    assert [each["alert"] for each in rules["groups"][0]["rules"]] == [
        alert.name for alert in cluster_alerts("redis", "shop", RedisClusterSettings())
    ]
    check_rules(tmp_path, rules)
    assert "redis-alerts" not in names(with_operator, CONFIG_MAP)
    assert plain.of_type(SERVICE_MONITOR) == plain.of_type(PROMETHEUS_RULE) == []


def test_the_dashboard_is_labelled_for_grafanas_sidecar() -> None:
    config_map = record().one(CONFIG_MAP, "redis-dashboard").inputs
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    ((file, content),) = config_map["data"].items()
    assert file == "shop-redis.json"
    assert json.loads(content) == json.loads(render_dashboard("redis", "shop", members=6))


def test_the_dashboard_is_well_formed() -> None:
    dashboard = json.loads(render_dashboard("redis", "shop", members=6))
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert (variables["pod"]["multi"], variables["pod"]["includeAll"]) == (True, True)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) >= 1
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads(render_dashboard("redis", "shop", members=6))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    filled = [query.replace("$__rate_interval", "5m").replace("$pod", ".*") for query in queries]
    assert not [query for query in filled if "$" in query]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(filled)]
    check_rules(tmp_path, {"groups": [{"name": "dashboard", "rules": rules}]})


def test_two_clusters_dashboards_differ_in_all_that_grafana_tells_them_apart_by() -> None:
    three = [json.loads(render_dashboard(*names, members=6)) for names in (("a", "x"), ("b", "x"), ("a", "y"))]
    assert len({each["uid"] for each in three}) == len({each["title"] for each in three}) == 3
    assert all(len(each["uid"]) <= 40 for each in three)


@pytest.mark.parametrize(("shards", "replicas"), [(4, 1), (3, 2)])
def test_alerts_and_dashboard_follow_the_topology_and_restart_nobody(shards: int, replicas: int) -> None:
    before, after = record(), record(shards=shards, replicas_per_shard=replicas)
    assert template(before) == template(after)
    for recording, members in ((before, 6), (after, shards * (replicas + 1))):
        data = {name: recording.one(CONFIG_MAP, name).inputs["data"] for name in ("redis-alerts", "redis-dashboard")}
        assert f"!= {members}\n" in data["redis-alerts"]["alerts.yaml"]
        assert f'"value": {members}\n' in data["redis-dashboard"]["shop-redis.json"]


def test_without_metrics_there_is_nothing_of_them() -> None:
    recording = record({"enabled": False, **OPERATOR})
    spec = template(recording)
    assert [each["name"] for each in spec["spec"]["containers"]] == ["redis"]
    assert not [each for each in spec["metadata"]["annotations"] if "prometheus" in each]
    assert not [each for each in spec["spec"]["volumes"] if "exporter" in each["name"]]
    assert recording.of_type(SERVICE_MONITOR) == recording.of_type(PROMETHEUS_RULE) == []
    assert not {"redis-metrics", "redis-alerts", "redis-dashboard"} & (
        names(recording, SERVICE) | names(recording, CONFIG_MAP)
    )


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"enabled": "yes"}, "valid boolean"),
        ({"image": "redis_exporter"}, "an image with its tag or digest"),
        ({"prometheus_operator": True}, "valid dictionary"),
        ({"prometheus_operator": {"interval_seconds": 5}}, "greater than or equal to 10"),
        ({"prometheus_operator": {"labels": {"release": 3}}}, "valid string"),
        ({"port": 9121}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(metrics: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MetricsSettings.model_validate(metrics)


def test_the_document_lists_every_alert_as_it_is() -> None:
    variants = (
        {"replicas_per_shard": 2},
        {"conf": {"maxmemory_policy": "volatile-lru"}},
    )
    alerts = {
        alert.name: (alert.severity, alert.holds)
        for settings in variants
        for alert in cluster_alerts("redis", "shop", RedisClusterSettings.model_validate(settings))
    }
    rows = re.findall(r"^\| `(Redis\w+)` \| (\w+) \| (\w+) \|", DOCUMENT.read_text(), re.MULTILINE)
    assert {name: (severity, holds) for name, severity, holds in rows} == alerts
