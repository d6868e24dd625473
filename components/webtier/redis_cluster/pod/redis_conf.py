"""The files that Redis reads when it starts."""

from webtier.redis_cluster.credentials.acl import REPLICATION_USER
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_common.conf import AUTH_FOLDER, CONF_FOLDER, DATA_FOLDER, PORT, data_lines
from webtier.redis_common.quoting import quote
from webtier.redis_common.sizing import ReplicationBuffers

BUS_PORT = 16379

RUN_FOLDER = "/run/webtier-redis"
"""Shared by a pod's containers, in memory: what the agent decides at each start of Redis."""

TLS_FOLDER = "/etc/webtier-redis/tls"
TLS_CERTIFICATE = "tls.crt"
TLS_KEY = "tls.key"
TLS_CA = "ca.crt"

ACL_FILE = "users.acl"
REPLICATION_FILE = "replication.conf"
START_FILE = "start.conf"


def render_redis_conf(settings: RedisClusterSettings) -> str:
    """redis.conf. Nothing in it depends on how many nodes there are: a change of it restarts every pod."""
    conf, memory = settings.conf, settings.memory
    lines = [
        f"include {AUTH_FOLDER}/{REPLICATION_FILE}",
        f"include {CONF_FOLDER}/topology.conf",
        f"include {RUN_FOLDER}/{START_FILE}",
        f"aclfile {RUN_FOLDER}/{ACL_FILE}",
        *_ports(settings),
        f"dir {DATA_FOLDER}",
        # Every address of the pod; a leading '-' makes a missing IPv6 no error.
        "bind * -::*",
        "cluster-enabled yes",
        "cluster-config-file nodes.conf",
        f"cluster-port {BUS_PORT}",
        f"cluster-node-timeout {conf.node_timeout_ms}",
        # A replica belongs to its shard: it must not leave for one that has lost its own.
        "cluster-allow-replica-migration no",
        # A shard's last replica may take over however long it was cut off.
        "cluster-replica-validity-factor 0",
        "cluster-require-full-coverage no",
        # Replicas of one master that ask within so long share one copy.
        "repl-diskless-sync-delay 1",
        *_buffers(memory.buffers),
        *data_lines(conf, memory.maxmemory),
    ]
    return "\n".join(lines) + "\n"


def _buffers(buffers: ReplicationBuffers | None) -> list[str]:
    """What is held for replicas, in every pod, whether it has some or may have one day."""
    if buffers is None:
        return []
    return [
        f"repl-backlog-size {buffers.backlog}",
        f"client-output-buffer-limit replica {buffers.hard} {buffers.soft} {buffers.soft_seconds}",
    ]


def _ports(settings: RedisClusterSettings) -> list[str]:
    if settings.tls is None:
        return [f"port {PORT}"]
    return [
        "port 0",
        f"tls-port {PORT}",
        "tls-cluster yes",
        "tls-replication yes",
        f"tls-auth-clients {settings.tls.client_certificates}",
        f"tls-cert-file {TLS_FOLDER}/{TLS_CERTIFICATE}",
        f"tls-key-file {TLS_FOLDER}/{TLS_KEY}",
        f"tls-ca-cert-file {TLS_FOLDER}/{TLS_CA}",
    ]


def render_topology_conf(settings: RedisClusterSettings) -> str:
    """What depends on the number of nodes. The agent sets the same at run time, so that no pod restarts."""
    return f"min-replicas-to-write {settings.min_replicas_to_write}\n"


def render_replication_conf(password: str) -> str:
    """How a replica logs in to its master."""
    return f"masteruser {REPLICATION_USER}\nmasterauth {quote(password)}\n"
