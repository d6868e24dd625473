"""The ingress-nginx controller, from typed resources."""

from webtier.ingress_nginx.component import IngressNginx, IngressNginxArgs
from webtier.ingress_nginx.settings import IngressNginxSettings

__all__ = ["IngressNginx", "IngressNginxArgs", "IngressNginxSettings"]
