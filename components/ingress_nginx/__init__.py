"""The ingress-nginx controller, from typed resources."""

from components.ingress_nginx.component import IngressNginx, IngressNginxArgs
from components.ingress_nginx.settings import IngressNginxSettings

__all__ = ["IngressNginx", "IngressNginxArgs", "IngressNginxSettings"]
