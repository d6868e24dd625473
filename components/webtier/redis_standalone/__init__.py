"""One Redis on Kubernetes: a StatefulSet of one pod, its Services, and a volume if it is to keep its data."""

from webtier.redis_common.settings import DataSettings, SavePoint
from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage
from webtier.redis_standalone.component import RedisStandalone, RedisStandaloneArgs
from webtier.redis_standalone.settings import EphemeralStorage, RedisStandaloneSettings

__all__ = [
    "DataSettings",
    "DynamicStorage",
    "EphemeralStorage",
    "LocalStorage",
    "NfsStorage",
    "RedisStandalone",
    "RedisStandaloneArgs",
    "RedisStandaloneSettings",
    "SavePoint",
]
