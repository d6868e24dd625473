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
    members, agents = PodSelector(labels=parts.selector), PodSelector(labels=parts.agent_selector)
    rules = [
        _rule([members, agents, *settings.clients], outside, PORT),
        _rule([members], settings.bus_source_ranges, BUS_PORT),
    ]
    if parts.settings.metrics.enabled and settings.metrics:
        rules.append(_rule(settings.metrics, (), METRICS_PORT))
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


def _rule(pods: Sequence[PodSelector], cidrs: Sequence[str], port: int) -> NetworkPolicyIngressRuleArgs:
    peers = [
        NetworkPolicyPeerArgs(
            pod_selector=LabelSelectorArgs(match_labels=each.labels),
            namespace_selector=None if each.namespace is None else namespace_called(each.namespace),
        )
        for each in pods
    ]
    blocks = [NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=cidr)) for cidr in cidrs]
    return NetworkPolicyIngressRuleArgs(
        from_=[*peers, *blocks], ports=[NetworkPolicyPortArgs(protocol="TCP", port=port)]
    )
