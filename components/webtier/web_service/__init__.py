"""A web service: a Deployment behind a Service, rolled without a gap."""

from webtier.shared.scheduling import SchedulingSettings, Toleration
from webtier.web_service.autoscaling import AutoscalingSettings, ScalingPolicy, ScalingRules
from webtier.web_service.availability import BudgetSettings, RolloutSettings, SpreadSettings
from webtier.web_service.component import WebService, WebServiceArgs
from webtier.web_service.containers import InitContainer, ProgramSettings, SecretKey, Sidecar
from webtier.web_service.pod_settings import SecuritySettings, ServiceAccountSettings
from webtier.web_service.probes import (
    ExecCheck,
    GrpcCheck,
    HttpCheck,
    LivenessProbe,
    ProbesSettings,
    ReadinessProbe,
    StartupProbe,
    TcpCheck,
)
from webtier.web_service.settings import WebServiceSettings

__all__ = [
    "AutoscalingSettings",
    "BudgetSettings",
    "ExecCheck",
    "GrpcCheck",
    "HttpCheck",
    "InitContainer",
    "LivenessProbe",
    "ProbesSettings",
    "ProgramSettings",
    "ReadinessProbe",
    "RolloutSettings",
    "ScalingPolicy",
    "ScalingRules",
    "SchedulingSettings",
    "SecretKey",
    "SecuritySettings",
    "ServiceAccountSettings",
    "Sidecar",
    "SpreadSettings",
    "StartupProbe",
    "TcpCheck",
    "Toleration",
    "WebService",
    "WebServiceArgs",
    "WebServiceSettings",
]
