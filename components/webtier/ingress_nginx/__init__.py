"""The ingress-nginx controller, from typed resources."""

from webtier.ingress_nginx.component import IngressNginx, IngressNginxArgs
from webtier.ingress_nginx.settings import (
    ControllerMetricsSettings,
    GeneratedCertificate,
    IngressNginxSettings,
    SecretCertificate,
)

__all__ = [
    "ControllerMetricsSettings",
    "GeneratedCertificate",
    "IngressNginx",
    "IngressNginxArgs",
    "IngressNginxSettings",
    "SecretCertificate",
]
