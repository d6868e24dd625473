"""Alert rules, as Prometheus reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import yaml

Severity = Literal["critical", "warning", "info"]

RuleGroups = Mapping[str, object]
"""A Prometheus rules file, and at the same time the `spec` of a PrometheusRule."""


@dataclass(frozen=True)
class Alert:
    """One rule: `expression` must give something for all of `holds` (a Prometheus duration) before it fires."""

    name: str
    severity: Severity
    holds: str
    expression: str
    summary: str
    description: str


def group_alerts(name: str, alerts: Iterable[Alert], labels: Mapping[str, str]) -> RuleGroups:
    """The alerts as one group of this name, each with these labels and its severity."""
    return {"groups": [{"name": name, "rules": [_as_rule(alert, labels) for alert in alerts]}]}


def render_groups(groups: RuleGroups) -> str:
    """The same as YAML."""
    return yaml.safe_dump(groups, sort_keys=False, width=200)


def _as_rule(alert: Alert, labels: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.holds,
        "labels": {"severity": alert.severity, **labels},
        "annotations": {"summary": alert.summary, "description": alert.description},
    }
