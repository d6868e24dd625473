"""The objects that bring the metrics of some pods to Prometheus: a Service, what scrapes it, alert rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServicePortArgs, ServiceSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.shared.prometheus.alerts import RuleGroups, render_groups
from webtier.shared.prometheus.settings import PrometheusOperatorSettings
from webtier.shared.waiting import SKIP_AWAIT

OPERATOR_API = "monitoring.coreos.com/v1"

METRICS = "metrics"
"""Name of the port, in the pods and in the Service."""


@dataclass(frozen=True)
class MeteredPods:
    """Pods with a port called `metrics`, and what the objects about their metrics share.

    `pods` picks the pods, and `service` the Service before them and no other. `options` are those of each object,
    which are given what it waits for.
    """

    name: str
    namespace: pulumi.Output[str]
    port: int
    pods: Mapping[str, str]
    service: Mapping[str, str]
    labels: Mapping[str, str]
    options: Callable[..., pulumi.ResourceOptions]

    def metadata(self, name: str, labels: Mapping[str, str] | None = None) -> ObjectMetaArgs:
        """For an object of this name, with labels of its own."""
        return ObjectMetaArgs(name=name, namespace=self.namespace, labels={**self.labels, **(labels or {})})


def scrape_annotations(port: int) -> dict[str, str]:
    """For a pod: what a Prometheus without the operator looks for by custom."""
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port),
        "prometheus.io/path": "/metrics",
    }


def make_scraping(pods: MeteredPods, operator: PrometheusOperatorSettings, rules: Callable[[str], RuleGroups]) -> None:
    """A headless Service, and the rules for the namespace that `rules` is given: for the operator, or as a file."""
    service = _make_service(pods)
    groups = pods.namespace.apply(rules)
    if operator.enabled:
        _make_monitor(pods, operator, service)
        CustomResource(
            f"{pods.name}-alerts",
            api_version=OPERATOR_API,
            kind="PrometheusRule",
            metadata=pods.metadata(pods.name, operator.labels),
            spec=groups,
            opts=pods.options(),
        )
        return
    name = f"{pods.name}-alerts"
    data = {"alerts.yaml": groups.apply(render_groups)}
    ConfigMap(name, metadata=pods.metadata(name), data=data, opts=pods.options())


def _make_service(pods: MeteredPods) -> Service:
    name = f"{pods.name}-metrics"
    metadata = pods.metadata(name)
    metadata.annotations = SKIP_AWAIT
    return Service(
        name,
        metadata=metadata,
        spec=ServiceSpecArgs(
            cluster_ip="None",
            selector=pods.pods,
            # A pod that does not get ready is what metrics are for.
            publish_not_ready_addresses=True,
            ports=[ServicePortArgs(name=METRICS, port=pods.port, target_port=METRICS)],
        ),
        opts=pods.options(),
    )


def _make_monitor(pods: MeteredPods, operator: PrometheusOperatorSettings, service: Service) -> None:
    spec: Mapping[str, object] = {
        "namespaceSelector": {"matchNames": [pods.namespace]},
        "selector": {"matchLabels": pods.service},
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
        metadata=pods.metadata(pods.name, operator.labels),
        spec=spec,
        opts=pods.options(service),
    )
