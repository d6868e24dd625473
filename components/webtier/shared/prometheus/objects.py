"""The objects that bring the metrics of some pods to Prometheus: a Service, what scrapes it, alert rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs

from webtier.shared.children import Children
from webtier.shared.prometheus.alerts import RuleGroups, render_groups
from webtier.shared.prometheus.settings import PrometheusOperatorSettings
from webtier.shared.waiting import SKIP_AWAIT

OPERATOR_API = "monitoring.coreos.com/v1"

METRICS = "metrics"
"""Name of the port, in the pods and in the Service."""


@dataclass(frozen=True)
class MeteredPods:
    """Pods with a port called `metrics`, and what the objects about their metrics share.

    `selector` picks the pods, and `service_selector` the Service before them and no other.
    """

    name: str
    children: Children
    port: int
    selector: Mapping[str, str]
    service_selector: Mapping[str, str]


def scrape_annotations(port: int) -> dict[str, str]:
    """For a pod: what a Prometheus without the operator looks for by custom."""
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": "/metrics"}


def make_scraping(pods: MeteredPods, operator: PrometheusOperatorSettings, rules: Callable[[str], RuleGroups]) -> None:
    """A headless Service, and the rules for the namespace that `rules` is given: for the operator, or as a file."""
    children, name = pods.children, f"{pods.name}-alerts"
    service = _make_service(pods)
    groups = children.namespace.apply(rules)
    if operator.enabled:
        selected = children.labelled({**children.labels, **operator.labels})
        _make_monitor(pods, selected, operator, service)
        CustomResource(
            name,
            api_version=OPERATOR_API,
            kind="PrometheusRule",
            metadata=selected.metadata(pods.name),
            spec=groups,
            opts=selected.options(),
        )
        return
    data = {"alerts.yaml": groups.apply(render_groups)}
    ConfigMap(name, metadata=children.metadata(name), data=data, opts=children.options())


def _make_service(pods: MeteredPods) -> Service:
    name = f"{pods.name}-metrics"
    return Service(
        name,
        metadata=pods.children.metadata(name, SKIP_AWAIT),
        spec=ServiceSpecArgs(
            cluster_ip="None",
            selector=pods.selector,
            # A pod that does not get ready is what metrics are for.
            publish_not_ready_addresses=True,
            ports=[ServicePortArgs(name=METRICS, port=pods.port, target_port=METRICS)],
        ),
        opts=pods.children.options(),
    )


def _make_monitor(
    pods: MeteredPods, children: Children, operator: PrometheusOperatorSettings, service: Service
) -> None:
    spec: Mapping[str, object] = {
        "namespaceSelector": {"matchNames": [children.namespace]},
        "selector": {"matchLabels": pods.service_selector},
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
    CustomResource(
        f"{pods.name}-metrics",
        api_version=OPERATOR_API,
        kind="ServiceMonitor",
        metadata=children.metadata(pods.name),
        spec=spec,
        opts=children.options(service),
    )
