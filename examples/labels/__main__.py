"""Two versions of one application and another application, listed and removed by their labels."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier import WebService, WebServiceArgs, WebServiceSettings

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

# By its name each is a version of an application: user-v2 is version v2 of user.
for service in ("user-v1", "user-v2", "pay-v1"):
    page = f"server {{ listen 8080; default_type text/plain; location / {{ return 200 '{service} $hostname\n'; }} }}"
    settings = WebServiceSettings(
        image=config.require("image"),
        replicas=1,
        files={"/etc/nginx/conf.d/default.conf": page},
        labels={"team": "money" if service.startswith("pay") else "people"},
    )
    WebService(service, WebServiceArgs(settings, namespace.metadata.name), options)

pulumi.export("namespace", namespace.metadata.name)
