"""A Service of any kind: how it is reached, what it leads to, and its ports by name."""

from webtier.service_exposure.component import ServiceExposure, ServiceExposureArgs
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.settings import (
    ClusterIpExposure,
    EndpointsExposure,
    Exposure,
    ExternalNameExposure,
    ExternalServiceSettings,
    HeadlessExposure,
    LoadBalancerExposure,
    NodePortExposure,
)

__all__ = [
    "ClusterIpExposure",
    "EndpointsExposure",
    "Exposure",
    "ExternalNameExposure",
    "ExternalServiceSettings",
    "HeadlessExposure",
    "LoadBalancerExposure",
    "NodePortExposure",
    "ServiceExposure",
    "ServiceExposureArgs",
    "ServicePort",
]
