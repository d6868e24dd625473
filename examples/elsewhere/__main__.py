"""Two Services without pods of their own: another name for a host, and a name for given addresses."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier import ServiceExposure, ServiceExposureArgs, ServicePort, WebService, WebServiceArgs, WebServiceSettings
from webtier.service_exposure import EndpointsExposure, ExternalNameExposure

config = pulumi.Config()
provider = kubernetes.Provider(
    "cluster",
    context=config.require("context"),
    kubeconfig=config.get("kubeconfig") or None,
    # A changed page is a new roll of the pods, and no new ConfigMap that all would have to be replaced for.
    enable_config_map_mutable=True,
)
name = config.require("namespace")
namespace = Namespace(name, metadata=ObjectMetaArgs(name=name), opts=pulumi.ResourceOptions(provider=provider))
options = pulumi.ResourceOptions(providers=[provider])

# Something to be another name for; it could as well be a host outside, such as db.example.com.
page = "server { listen 8080; default_type text/plain; location / { return 200 'hello from $hostname\n'; } }"
files = {"/etc/nginx/conf.d/default.conf": page}
settings = WebServiceSettings(image=config.require("image"), replicas=1, files=files)
WebService("hello", WebServiceArgs(settings, namespace.metadata.name), options)

host = ExternalNameExposure(kind="external_name", host=f"hello.{name}.svc.cluster.local")
alias = ServiceExposure("alias", ServiceExposureArgs(host, ports={}, namespace=namespace.metadata.name), options)

addresses = EndpointsExposure(kind="endpoints", addresses=config.require_object("addresses"))
ports = {"http": ServicePort(port=80, target_port=config.require_int("port"))}
outside = ServiceExposure("outside", ServiceExposureArgs(addresses, ports, namespace.metadata.name), options)

pulumi.export("namespace", namespace.metadata.name)
pulumi.export("alias", alias.host)
pulumi.export("outside", outside.host)
