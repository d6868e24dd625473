"""A Service of any kind: how it is reached, what it leads to, and its ports by name."""

from components.service_exposure.component import ServiceExposure, ServiceExposureArgs
from components.service_exposure.ports import ServicePort
from components.service_exposure.settings import ExternalServiceSettings

__all__ = ["ExternalServiceSettings", "ServiceExposure", "ServiceExposureArgs", "ServicePort"]
