"""One Deployment behind one Service, reached in three ways: port-forward, NodePort and ClusterIP."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier import WebService, WebServiceArgs, WebServiceSettings
from webtier.service_exposure import ClusterIpExposure, NodePortExposure

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

# Another kind changes the Service and leaves the pods alone.
exposures = {"cluster_ip": ClusterIpExposure(kind="cluster_ip"), "node_port": NodePortExposure(kind="node_port")}
page = "server { listen 8080; default_type text/plain; location / { return 200 'hello from $hostname\n'; } }"
settings = WebServiceSettings(
    image=config.require("image"),
    replicas=1,
    files={"/etc/nginx/conf.d/default.conf": page},
    exposure=exposures[config.require("exposure")],
)
node_address = config.get("node_address") or None
hello = WebService("hello", WebServiceArgs(settings, namespace.metadata.name, node_address=node_address), options)

pulumi.export("namespace", namespace.metadata.name)
pulumi.export("inside", hello.url)
pulumi.export("outside", hello.external_endpoints)
