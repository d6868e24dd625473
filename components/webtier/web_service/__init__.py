"""A web service: a Deployment behind a Service, rolled without a gap."""

from webtier.web_service.component import WebService, WebServiceArgs
from webtier.web_service.settings import WebServiceSettings

__all__ = ["WebService", "WebServiceArgs", "WebServiceSettings"]
