"""How Prometheus and Grafana come to know of a Redis Cluster: Service, scraping, alert rules, dashboard."""

from collections.abc import Mapping

from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.redis_cluster.alerts import render_rules, rule_groups
from components.redis_cluster.dashboard import render_dashboard
from components.redis_cluster.exporter import METRICS, METRICS_PORT
from components.redis_cluster.parts import APPLICATION, ClusterParts
from components.shared.labels import recommended_labels, selector_labels

OPERATOR_API = "monitoring.coreos.com/v1"

_COMPONENT = "metrics"


def make_metrics(parts: ClusterParts) -> None:
    """All objects that are about metrics, when there are to be any. The pods' own part is in `exporter`."""
    if not parts.settings.metrics.enabled:
        return
    service = _make_service(parts)
    if parts.settings.metrics.prometheus_operator.enabled:
        _make_monitor(parts, service)
        _make_rule(parts)
    else:
        _make_rules_file(parts)
    _make_dashboard(parts)


def _make_service(parts: ClusterParts) -> Service:
    """Every pod's exporter, under a label that no other Service of the cluster has."""
    name = f"{parts.name}-metrics"
    return Service(
        name,
        metadata=_metadata(parts, name),
        spec=ServiceSpecArgs(
            cluster_ip="None",
            selector=parts.selector,
            # A pod that does not get ready is what metrics are for.
            publish_not_ready_addresses=True,
            ports=[ServicePortArgs(name=METRICS, port=METRICS_PORT, target_port=METRICS)],
        ),
        opts=parts.child(),
    )


def _make_monitor(parts: ClusterParts, service: Service) -> CustomResource:
    operator = parts.settings.metrics.prometheus_operator
    spec: Mapping[str, object] = {
        "namespaceSelector": {"matchNames": [parts.namespace]},
        "selector": {"matchLabels": selector_labels(APPLICATION, parts.name, _COMPONENT)},
        "endpoints": [
            {
                "port": METRICS,
                "interval": f"{operator.interval_seconds}s",
                "scrapeTimeout": "10s",
                "relabelings": [
                    {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node", "action": "replace"}
                ],
            }
        ],
    }
    return CustomResource(
        f"{parts.name}-metrics",
        api_version=OPERATOR_API,
        kind="ServiceMonitor",
        metadata=_metadata(parts, parts.name, operator.labels),
        spec=spec,
        opts=parts.child(service),
    )


def _make_rule(parts: ClusterParts) -> CustomResource:
    spec = parts.namespace.apply(lambda namespace: rule_groups(parts.name, namespace, parts.settings))
    return CustomResource(
        f"{parts.name}-alerts",
        api_version=OPERATOR_API,
        kind="PrometheusRule",
        metadata=_metadata(parts, parts.name, parts.settings.metrics.prometheus_operator.labels),
        spec=spec,
        opts=parts.child(),
    )


def _make_rules_file(parts: ClusterParts) -> ConfigMap:
    rules = parts.namespace.apply(lambda namespace: render_rules(parts.name, namespace, parts.settings))
    name = f"{parts.name}-alerts"
    return ConfigMap(name, metadata=_metadata(parts, name), data={"alerts.yaml": rules}, opts=parts.child())


def _make_dashboard(parts: ClusterParts) -> ConfigMap:
    settings = parts.settings
    members = settings.shards * settings.members_per_shard
    name = f"{parts.name}-dashboard"
    # Grafana's sidecar puts the dashboards of all namespaces into one folder.
    data = parts.namespace.apply(
        lambda namespace: {f"{namespace}-{parts.name}.json": render_dashboard(parts.name, namespace, members)}
    )
    labels = {"grafana_dashboard": "1"}
    return ConfigMap(name, metadata=_metadata(parts, name, labels), data=data, opts=parts.child())


def _metadata(parts: ClusterParts, name: str, labels: Mapping[str, str] | None = None) -> ObjectMetaArgs:
    own = recommended_labels(APPLICATION, parts.name, _COMPONENT)
    return parts.metadata(name, {**parts.labels, **own, **(labels or {})})
