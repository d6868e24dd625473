"""How Prometheus and Grafana come to know of a Redis Cluster: Service, scraping, alert rules, dashboard."""

from pulumi_kubernetes.core.v1 import ConfigMap

from webtier.redis_cluster.monitoring.alerts import rule_groups
from webtier.redis_cluster.monitoring.dashboard import render_dashboard
from webtier.redis_cluster.monitoring.exporter import METRICS_PORT
from webtier.redis_cluster.parts import APPLICATION, ClusterParts
from webtier.shared.labels import recommended_labels, selector_labels
from webtier.shared.prometheus.objects import MeteredPods, make_scraping

_COMPONENT = "metrics"


def make_metrics(parts: ClusterParts) -> None:
    """All objects that are about metrics, when there are to be any. The pods' own part is in `exporter`."""
    settings = parts.settings
    if not settings.metrics.enabled:
        return
    pods = MeteredPods(
        name=parts.name,
        namespace=parts.namespace,
        port=METRICS_PORT,
        pods=parts.selector,
        service=selector_labels(APPLICATION, parts.name, _COMPONENT),
        labels={**parts.labels, **recommended_labels(APPLICATION, parts.name, _COMPONENT)},
        options=parts.child,
    )
    make_scraping(
        pods,
        settings.metrics.prometheus_operator,
        lambda namespace: rule_groups(parts.name, namespace, settings),
    )
    _make_dashboard(parts, pods)


def _make_dashboard(parts: ClusterParts, pods: MeteredPods) -> ConfigMap:
    settings = parts.settings
    members = settings.shards * settings.members_per_shard
    name = f"{parts.name}-dashboard"
    # Grafana's sidecar puts the dashboards of all namespaces into one folder.
    data = parts.namespace.apply(
        lambda namespace: {f"{namespace}-{parts.name}.json": render_dashboard(parts.name, namespace, members)}
    )
    labels = {"grafana_dashboard": "1"}
    return ConfigMap(name, metadata=pods.metadata(name, labels), data=data, opts=parts.child())
