"""What every Redis is told when it starts: the paths in its pod, and the lines about its data."""

from webtier.redis_common.extra_conf import extra_lines
from webtier.redis_common.quoting import quote
from webtier.redis_common.settings import DataSettings

PORT = 6379

CONF_FOLDER = "/etc/webtier-redis/conf"
AUTH_FOLDER = "/etc/webtier-redis/auth"
DATA_FOLDER = "/data"

UID = 999
"""The user and group of Redis in the official image."""


def data_lines(conf: DataSettings, maxmemory_bytes: int) -> list[str]:
    """The lines of redis.conf that say what is kept in memory and on disk, and those of the user's own."""
    save_points = " ".join(f"{point.seconds} {point.changes}" for point in conf.save)
    return [
        f"appendonly {'yes' if conf.appendonly else 'no'}",
        f"appendfsync {conf.appendfsync}",
        f"save {save_points or quote('')}",
        f"maxmemory {maxmemory_bytes}",
        f"maxmemory-policy {conf.maxmemory_policy}",
        *extra_lines(conf.extra),
    ]
