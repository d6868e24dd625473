"""Disruption budgets: without one a drain of nodes may end all pods of a workload at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webtier_policies.resources import UNKNOWN, Resource, Violation, at, fields, items

_WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet")


def missing_budgets(resources: Sequence[Resource]) -> Iterator[Violation]:
    """Workloads of more than one replica, or that are scaled to more, whose pods no PodDisruptionBudget selects."""
    budgets = [each for each in resources if each.kind == "PodDisruptionBudget"]
    scaled = dict(_scaled(resources))
    for workload in resources:
        if workload.kind not in _WORKLOADS:
            continue
        replicas = at(workload.inputs, "spec", "replicas")
        most = scaled.get((workload.kind, workload.namespace, workload.name), replicas)
        if most is UNKNOWN or most is None or most <= 1:
            continue
        labels = fields(at(workload.inputs, "spec", "template", "metadata", "labels"))
        if not any(each.namespace == workload.namespace and _selects(each, labels) for each in budgets):
            yield Violation(
                workload.urn,
                f"The {workload.kind} '{workload.name}' has {int(most)} replicas and no PodDisruptionBudget. "
                "Add one that selects its pods.",
            )


def _scaled(resources: Sequence[Resource]) -> Iterator[tuple[tuple[str, str, str], Any]]:
    for scaler in resources:
        if scaler.kind == "HorizontalPodAutoscaler":
            target = fields(at(scaler.inputs, "spec", "scaleTargetRef"))
            kind, name = target.get("kind", ""), target.get("name", "")
            yield (kind, scaler.namespace, name), at(scaler.inputs, "spec", "maxReplicas")


def _selects(budget: Resource, labels: Mapping[str, Any]) -> bool:
    selector = fields(at(budget.inputs, "spec", "selector"))
    matched = all(labels.get(name) == value for name, value in fields(selector.get("matchLabels")).items())
    return (
        bool(selector)
        and matched
        and all(_fits(fields(each), labels) for each in items(selector.get("matchExpressions")))
    )


def _fits(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = expression.get("key"), items(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(str(key)) in values
        case "NotIn":
            return labels.get(str(key)) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
