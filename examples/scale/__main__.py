"""One Deployment, scaled from one pod to two by a setting."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier import WebService, WebServiceArgs, WebServiceSettings
from webtier.service_exposure import NodePortExposure

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

page = "server { listen 8080; default_type text/plain; location / { return 200 'hello from $hostname\n'; } }"
settings = WebServiceSettings(
    image=config.require("image"),
    replicas=config.require_int("replicas"),
    files={"/etc/nginx/conf.d/default.conf": page},
    exposure=NodePortExposure(kind="node_port"),
)
node_address = config.get("node_address") or None
hello = WebService("hello", WebServiceArgs(settings, namespace.metadata.name, node_address=node_address), options)

pulumi.export("namespace", namespace.metadata.name)
pulumi.export("outside", hello.external_endpoints)
