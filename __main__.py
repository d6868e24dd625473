"""The program that `pulumi up` runs: settings, what they meet, tier, outputs."""

import pulumi

from environment.guard.cluster_ownership import examine
from environment.settings.loading import load_settings
from environment.tier import build_tier

settings = load_settings(pulumi.Config("webtier"))
tier = build_tier(settings, examine(settings))

pulumi.export("namespace", tier.namespace)
pulumi.export("ingress_url", tier.ingress_url)
pulumi.export("ingress_https_url", tier.ingress_https_url)
pulumi.export("ingress_ca_certificate", tier.ingress_ca_certificate)
pulumi.export("routes", tier.routes)
pulumi.export("redis_endpoint", tier.redis_endpoint)
pulumi.export("redis_external", tier.redis_external)
pulumi.export("redis_username", tier.redis_username)
pulumi.export("redis_password", tier.redis_password)
pulumi.export("redis_ca_certificate", tier.redis_ca_certificate)
pulumi.export("standalone_redis", tier.standalone_redis)
