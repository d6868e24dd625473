"""Who may reach the pods over the network: what Redis, its agents, its clients and Prometheus really use."""

from collections.abc import Sequence

from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicy,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from webtier.redis_cluster.monitoring.exporter import METRICS_PORT
from webtier.redis_cluster.network_policy_settings import PodSelector
from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import BUS_PORT
from webtier.redis_common.conf import PORT
from webtier.shared.admission_policy import namespace_called


def make_network_policies(parts: ClusterParts) -> None:
    """One for the Redis pods, and one that refuses every connection to the Job's."""
    settings = parts.settings.network_policy
    if not settings.enabled:
        return
    access = parts.settings.access
    outside = settings.source_ranges if access.outside is not None or access.pods is not None else []
    own = [_pods(parts.selector), _pods(parts.agent_selector)]
    rules = [
        _rule([*own, *map(_selected, settings.clients), *map(_block, outside)], PORT),
        _rule([_pods(parts.selector), *map(_block, settings.bus_source_ranges)], BUS_PORT),
    ]
    if parts.settings.metrics.enabled and settings.metrics:
        rules.append(_rule(list(map(_selected, settings.metrics)), METRICS_PORT))
    _policy(parts, parts.name, parts.selector, rules)
    _policy(parts, f"{parts.name}-agent", parts.agent_selector, [])


def _policy(
    parts: ClusterParts, name: str, selector: dict[str, str], rules: Sequence[NetworkPolicyIngressRuleArgs]
) -> None:
    NetworkPolicy(
        name,
        metadata=parts.metadata(name),
        spec=NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=selector), policy_types=["Ingress"], ingress=list(rules)
        ),
        opts=parts.options(),
    )


def _rule(peers: Sequence[NetworkPolicyPeerArgs], port: int) -> NetworkPolicyIngressRuleArgs:
    return NetworkPolicyIngressRuleArgs(from_=list(peers), ports=[NetworkPolicyPortArgs(protocol="TCP", port=port)])


def _pods(labels: dict[str, str], namespace: str | None = None) -> NetworkPolicyPeerArgs:
    return NetworkPolicyPeerArgs(
        pod_selector=LabelSelectorArgs(match_labels=labels),
        namespace_selector=None if namespace is None else namespace_called(namespace),
    )


def _selected(selector: PodSelector) -> NetworkPolicyPeerArgs:
    return _pods(selector.labels, selector.namespace)


def _block(cidr: str) -> NetworkPolicyPeerArgs:
    return NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=cidr))
