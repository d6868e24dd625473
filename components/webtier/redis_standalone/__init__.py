"""One Redis on Kubernetes: a StatefulSet of one pod, its Services, and a volume if it is to keep its data."""

from webtier.redis_standalone.component import RedisStandalone, RedisStandaloneArgs
from webtier.redis_standalone.settings import RedisStandaloneSettings

__all__ = ["RedisStandalone", "RedisStandaloneArgs", "RedisStandaloneSettings"]
