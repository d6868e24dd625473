"""A Redis Cluster and a web service, by somebody who has installed webtier."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier import RedisCluster, RedisClusterArgs, RedisClusterSettings, WebService, WebServiceArgs, WebServiceSettings

config = pulumi.Config()
provider = Provider("cluster", context=config.require("context"), kubeconfig=config.require("kubeconfig"))
options = pulumi.ResourceOptions(providers=[provider])
name = config.require("namespace")
made = Namespace(name, metadata=ObjectMetaArgs(name=name), opts=pulumi.ResourceOptions(provider=provider))
namespace = made.metadata.apply(lambda metadata: metadata.name or name)
wanted = RedisClusterSettings.model_validate(config.require_object("redis"))
redis = RedisCluster("cart", RedisClusterArgs(wanted, namespace, config.require_secret("password")), options)
page = WebServiceSettings(image=config.require("image"), replicas=1)
shop = WebService("shop", WebServiceArgs(page, namespace), options)
pulumi.export("redis", redis.endpoint)
pulumi.export("shop", shop.url)
