"""What users may set about the way of metrics to Prometheus."""

from pydantic import Field

from webtier.shared.model import LabelValue, QualifiedName, Settings


class PrometheusOperatorSettings(Settings):
    """For clusters where the Prometheus operator runs.

    Whether its CRDs are there is said here and not looked up: a preview would have to reach the cluster.
    """

    enabled: bool = Field(
        default=False,
        description="Whether a ServiceMonitor and a PrometheusRule are made, rather than a ConfigMap with the rules; "
        "the cluster needs the operator's CRDs (monitoring.coreos.com/v1).",
    )
    labels: dict[QualifiedName, LabelValue] = Field(
        default_factory=dict,
        description="Labels for both, by which Prometheus picks them, such as `release: kube-prometheus-stack`.",
    )
    interval_seconds: int = Field(default=30, ge=10, le=300, description="Between two scrapes of a pod.")
