"""The objects that bring the metrics of some pods to Prometheus: a Service, what scrapes it, alert rules."""

from collections.abc import Callable, Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs

from webtier.shared.children import Children
from webtier.shared.prometheus.alerts import RuleGroups, render_groups
from webtier.shared.prometheus.settings import PrometheusOperatorSettings
from webtier.shared.waiting import SKIP_AWAIT

OPERATOR_API = "monitoring.coreos.com/v1"

METRICS = "metrics"
"""Name of the port, in the pods and in the Service."""


def scrape_annotations(port: int) -> dict[str, str]:
    """For a pod: what a Prometheus without the operator looks for by custom."""
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": "/metrics"}


def make_scraping(
    name: str,
    children: Children,
    operator: PrometheusOperatorSettings,
    rules: Callable[[str], RuleGroups],
    *,
    port: int,
    selector: Mapping[str, str],
    service_selector: Mapping[str, str],
) -> None:
    """A headless Service, and the rules for the namespace that `rules` is given: for the operator, or as a file.

    `selector` picks pods with the `port` called `metrics`, and `service_selector` the Service and no other.
    """
    alerts, metrics = f"{name}-alerts", f"{name}-metrics"
    service = Service(
        metrics,
        metadata=children.metadata(metrics, SKIP_AWAIT),
        spec=ServiceSpecArgs(
            cluster_ip="None",
            selector=selector,
            # A pod that does not get ready is what metrics are for.
            publish_not_ready_addresses=True,
            ports=[ServicePortArgs(name=METRICS, port=port, target_port=METRICS)],
        ),
        opts=children.options(),
    )
    groups = children.namespace.apply(rules)
    if not operator.enabled:
        data = {"alerts.yaml": groups.apply(render_groups)}
        ConfigMap(alerts, metadata=children.metadata(alerts), data=data, opts=children.options())
        return
    node = {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node", "action": "replace"}
    interval = f"{operator.interval_seconds}s"
    monitor: Mapping[str, object] = {
        "namespaceSelector": {"matchNames": [children.namespace]},
        "selector": {"matchLabels": service_selector},
        "endpoints": [{"port": METRICS, "interval": interval, "scrapeTimeout": "10s", "relabelings": [node]}],
    }
    selected = children.labelled({**children.labels, **operator.labels})

    def custom(kind: str, resource: str, spec: pulumi.Input[Mapping[str, object]], *after: pulumi.Resource) -> None:
        CustomResource(
            resource,
            api_version=OPERATOR_API,
            kind=kind,
            metadata=selected.metadata(name),
            spec=spec,
            opts=selected.options(*after),
        )

    custom("ServiceMonitor", metrics, monitor, service)
    custom("PrometheusRule", alerts, groups)
