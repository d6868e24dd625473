"""How Prometheus and Grafana come to know of a Redis Cluster: Service, scraping, alert rules, dashboard."""

from pulumi_kubernetes.core.v1 import ConfigMap

from webtier.redis_cluster.monitoring.alerts import rule_groups
from webtier.redis_cluster.monitoring.dashboard import render_dashboard
from webtier.redis_cluster.monitoring.exporter import METRICS_PORT
from webtier.redis_cluster.parts import APPLICATION, ClusterParts
from webtier.shared.labels import selector_labels
from webtier.shared.prometheus.objects import METRICS, make_scraping


def make_metrics(parts: ClusterParts) -> None:
    """All objects that are about metrics, when there are to be any. The pods' own part is in `exporter`."""
    settings = parts.settings
    if not settings.metrics.enabled:
        return
    children = parts.part(APPLICATION, METRICS)
    make_scraping(
        parts.name,
        children,
        settings.metrics.prometheus_operator,
        lambda namespace: rule_groups(parts.name, namespace, settings),
        port=METRICS_PORT,
        selector=parts.selector,
        service_selector=selector_labels(APPLICATION, parts.name, METRICS),
    )
    members = settings.shards * settings.members_per_shard
    name = f"{parts.name}-dashboard"
    # Grafana's sidecar puts the dashboards of all namespaces into one folder.
    data = parts.namespace.apply(
        lambda namespace: {f"{namespace}-{parts.name}.json": render_dashboard(parts.name, namespace, members)}
    )
    marked = children.labelled({**children.labels, "grafana_dashboard": "1"})
    ConfigMap(name, metadata=marked.metadata(name), data=data, opts=marked.options())
