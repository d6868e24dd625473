"""Everything about a Redis Cluster that is plain data, checked when it is made."""

import posixpath
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from components.redis_cluster.access_settings import AccessSettings, PodNodePorts
from components.redis_cluster.tls_settings import TlsSettings
from components.shared.model import DnsName, Image, Settings
from components.shared.quantities import (
    ByteQuantity,
    ResourceAmounts,
    ResourceSettings,
    parse_quantity,
)

MOST_NODES = 1000
"""Redis Cluster's own recommended limit: every node talks to every other one."""

LEAST_MEMORY = "32Mi"
"""Below this limit Redis' own buffers leave no room for data."""

HIGHEST_NODE_PORT = 32767

_FOLDER = re.compile(r"(/[A-Za-z0-9._@+-]+)+")


def _check_folder(path: str) -> str:
    if _FOLDER.fullmatch(path) is None or posixpath.normpath(path) != path:
        raise PydanticCustomError(
            "folder", "allowed: an absolute path without '..' and a final '/', such as '/srv/redis'"
        )
    return path


_ACL_TOKEN = re.compile(r"[+-]@?[a-z][a-z0-9|:-]*|~\S+|%R?W?~\S+|&\S+|allkeys|allchannels|allcommands|nocommands")


def _check_acl(rules: str) -> str:
    wrong = [token for token in rules.split(" ") if _ACL_TOKEN.fullmatch(token) is None]
    if wrong:
        raise PydanticCustomError(
            "acl_rules",
            "'{token}' is no rule about commands, keys or channels; allowed, separated by one space: '+command', "
            "'-command', '+@category', '-@category', '~pattern', '&pattern'",
            {"token": wrong[0]},
        )
    return rules


Folder = Annotated[str, AfterValidator(_check_folder)]
"""An absolute path in its shortest form."""


class LocalStorage(Settings):
    """A folder on a node for each member, bound to it for ever.

    The folder is `<root>/<namespace>/<claim>` on the member's node, where the claim is
    `data-<cluster>-shard-<s>-<m>`. The embedded cluster makes these folders; on any other cluster
    make them before the first deployment.
    """

    kind: Literal["local"] = Field(description="Folders on named nodes.")
    root: Folder = Field(
        default="/var/lib/webtier-volumes",
        description="Where the folders are: `<root>/<namespace>/<claim>` on each node.",
    )
    nodes: list[DnsName] = Field(
        min_length=1,
        description="Names of nodes. Member m of shard s gets a folder on number (s + m) modulo their count.",
    )
    size: ByteQuantity = Field(default="1Gi", description="Capacity of one member's volume.")
    storage_class: DnsName | None = Field(
        default=None,
        description="Name of the StorageClass that is made for the volumes; null for `<namespace>-<cluster>`.",
    )

    @model_validator(mode="after")
    def _nodes_differ(self) -> "LocalStorage":
        repeated = sorted({node for node in self.nodes if self.nodes.count(node) > 1})
        if repeated:
            raise PydanticCustomError(
                "repeated_nodes", "nodes: {repeated} is named twice; allowed: each node once", {"repeated": repeated[0]}
            )
        return self

    def node_of(self, shard: int, member: int) -> str:
        """Neighbouring members of a shard, and of neighbouring shards, get different nodes."""
        return self.nodes[(shard + member) % len(self.nodes)]


class NfsStorage(Settings):
    """A folder on an NFS server for each member, bound to it for ever.

    The folder is `<path>/<namespace>/<claim>`; make them before the first deployment, owned by
    user and group 999.
    """

    kind: Literal["nfs"] = Field(description="Folders on an NFS server.")
    server: DnsName = Field(description="The server's name or IPv4 address, as the nodes reach it.")
    path: Folder = Field(description="The exported folder that holds `<namespace>/<claim>`.")
    size: ByteQuantity = Field(default="1Gi", description="Capacity of one member's volume.")
    storage_class: DnsName | None = Field(
        default=None,
        description="Name of the StorageClass that is made for the volumes; null for `<namespace>-<cluster>`.",
    )


class DynamicStorage(Settings):
    """Volumes that the cluster's own provisioner makes when they are claimed."""

    kind: Literal["dynamic"] = Field(description="Whatever the cluster's provisioner makes.")
    storage_class: DnsName | None = Field(
        default=None, description="An existing StorageClass; null for the cluster's default."
    )
    size: ByteQuantity = Field(default="1Gi", description="Capacity of one member's volume.")


StorageSettings = Annotated[LocalStorage | NfsStorage | DynamicStorage, Field(discriminator="kind")]


class SavePoint(Settings):
    """An RDB snapshot is written when so much has changed in so long."""

    seconds: int = Field(ge=1, description="Since the snapshot before.")
    changes: int = Field(ge=1, description="At least so many keys changed.")


class RedisConf(Settings):
    """What of redis.conf is a choice. The rest follows from Redis running in pods."""

    node_timeout_ms: int = Field(
        default=5000,
        ge=1000,
        le=60000,
        description="A node is suspected after so long without an answer. A failover takes 1 to 2 s more.",
    )
    appendonly: bool = Field(default=True, description="Whether every write is logged to the append-only file.")
    appendfsync: Literal["always", "everysec", "no"] = Field(
        default="everysec", description="When the append-only file reaches the disk: what a power cut may cost."
    )
    save: list[SavePoint] = Field(
        default_factory=lambda: [SavePoint(seconds=3600, changes=1)],
        description="When a snapshot (RDB) is written besides; an empty list for never.",
    )
    maxmemory_percent: int = Field(
        default=70,
        ge=60,
        le=75,
        description="Data's part of `resources.limits.memory`; forks and buffers need the rest.",
    )
    maxmemory_policy: Literal[
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] = Field(default="noeviction", description="What happens when memory is full: refuse writes, or evict which keys.")

    @model_validator(mode="after")
    def _something_is_kept(self) -> "RedisConf":
        if not self.appendonly and not self.save:
            raise PydanticCustomError(
                "nothing_kept",
                "appendonly is false and save is empty, so that a master would restart without data and its "
                "replicas would copy that; allowed: appendonly true, or at least one save point",
            )
        return self


class AgentSettings(Settings):
    """The program beside each Redis, which forms and mends the cluster."""

    image: Image = Field(
        default="docker.io/library/python:3.13.7-slim-bookworm",
        description="An image with Python 3.11 or later as `python3`.",
    )
    code: Literal["mounted", "in_image"] = Field(
        default="mounted",
        description="`mounted`: the agent and redis-py come from a ConfigMap. `in_image`: the image has both, "
        "so that `python3 -m agent` runs in it.",
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="10m", memory="48Mi"), limits=ResourceAmounts(memory="128Mi")
        ),
        description="Of the agent's containers.",
    )


class RedisClusterSettings(Settings):
    """One Redis Cluster: `shards` times a master with `replicas_per_shard` replicas."""

    shards: int = Field(
        default=3, ge=1, le=MOST_NODES, description="Masters. Automatic failover needs at least three: they vote."
    )
    replicas_per_shard: int = Field(default=1, ge=0, le=10, description="Replicas of each master.")
    image: Image = Field(
        default="docker.io/library/redis:8.2.1-bookworm",
        description="An image with `redis-server` and `redis-cli`, version 7.0 or later, on its PATH.",
    )
    conf: RedisConf = Field(default=RedisConf(), description="Settings of redis.conf.")
    storage: StorageSettings = Field(default=DynamicStorage(kind="dynamic"), description="Where the data is.")
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="100m", memory="256Mi"), limits=ResourceAmounts(memory="512Mi")
        ),
        description="Of one Redis pod. `limits.memory` must be set: Redis' maxmemory is derived from it.",
    )
    anti_affinity: Literal["hard", "soft"] = Field(
        default="soft",
        description="Whether two members of a shard may (soft) or may never (hard) share a node.",
    )
    application_acl: Annotated[str, AfterValidator(_check_acl)] = Field(
        default="~* &* +@all -@admin -@dangerous +info",
        description="What the application's user `app` may do, as rules of a Redis ACL.",
    )
    internal_passwords: int = Field(
        default=1,
        ge=1,
        description="Generation of the passwords of replication, agent and exporter. Raise it by one to rotate them.",
    )
    tls: TlsSettings | None = Field(default=None, description="TLS for clients, replication and bus; null for none.")
    access: AccessSettings = Field(default=AccessSettings(), description="From outside the cluster.")
    agent: AgentSettings = Field(default=AgentSettings(), description="The program beside each Redis.")
    cluster_domain: DnsName = Field(default="cluster.local", description="The DNS domain of the Kubernetes cluster.")
    shard_guard: bool = Field(
        default=True,
        description="Whether the API server refuses to delete a shard that holds data: a ValidatingAdmissionPolicy, "
        "which needs Kubernetes 1.30 and the right to make one.",
    )
    formation_seconds: int = Field(
        default=600,
        ge=60,
        le=86400,
        description="A deployment fails when the Redis Cluster is not complete and healthy by then.",
    )

    @property
    def members_per_shard(self) -> int:
        """The master and its replicas."""
        return self.replicas_per_shard + 1

    @property
    def min_replicas_to_write(self) -> int:
        """How many replicas must be in touch for a master to take writes.

        With one replica it is 0: with 1, every failover would stop writes until the old master is
        back as a replica.
        """
        return 1 if self.replicas_per_shard >= 2 else 0

    @property
    def maxmemory_bytes(self) -> int:
        """Redis' `maxmemory`, in bytes."""
        limit = parse_quantity(self.resources.limits.memory or "0")
        return int(limit * self.conf.maxmemory_percent / 100)

    @model_validator(mode="after")
    def _topology_is_possible(self) -> "RedisClusterSettings":
        nodes = self.shards * self.members_per_shard
        if nodes > MOST_NODES:
            raise PydanticCustomError(
                "too_many_nodes",
                "{shards} shards with {replicas} replicas each are {nodes} nodes; allowed: at most {most} in all, "
                "since every node talks to every other one",
                {"shards": self.shards, "replicas": self.replicas_per_shard, "nodes": nodes, "most": MOST_NODES},
            )
        return self

    @model_validator(mode="after")
    def _memory_is_limited(self) -> "RedisClusterSettings":
        limit = self.resources.limits.memory
        if limit is None or parse_quantity(limit) < parse_quantity(LEAST_MEMORY):
            raise PydanticCustomError(
                "memory_limit",
                "resources.limits.memory is {limit}, and maxmemory is derived from it; allowed: at least {least}, "
                "such as '512Mi'",
                {"limit": "not set" if limit is None else limit, "least": LEAST_MEMORY},
            )
        return self

    @model_validator(mode="after")
    def _shards_can_be_placed(self) -> "RedisClusterSettings":
        storage = self.storage
        if (
            isinstance(storage, LocalStorage)
            and self.anti_affinity == "hard"
            and self.members_per_shard > len(storage.nodes)
        ):
            raise PydanticCustomError(
                "too_few_nodes",
                "a shard has {members} members, storage.nodes names {nodes} nodes and anti_affinity is hard, so that "
                "two members of a shard would have to share a node; allowed: more nodes, fewer replicas, or "
                "anti_affinity soft",
                {"members": self.members_per_shard, "nodes": len(storage.nodes)},
            )
        return self

    @model_validator(mode="after")
    def _node_ports_are_enough(self) -> "RedisClusterSettings":
        pods = self.access.pods
        if not isinstance(pods, PodNodePorts):
            return self
        ports = pods.ports(self.shards)
        if ports[-1] > HIGHEST_NODE_PORT:
            raise PydanticCustomError(
                "too_few_node_ports",
                "access.pods.first is {first}, and {shards} shards need the NodePorts {first} to {last}; allowed: at "
                "most 32767",
                {"first": pods.first, "shards": self.shards, "last": ports[-1]},
            )
        if self.access.node_port in ports:
            raise PydanticCustomError(
                "node_port_taken",
                "access.node_port is {port}, one of the pods' own NodePorts {first} to {last}; allowed: any other",
                {"port": self.access.node_port, "first": pods.first, "last": ports[-1]},
            )
        return self

    def notes(self) -> list[str]:
        """What is allowed but may surprise: one sentence each, for the preview."""
        notes: list[str] = []
        if self.replicas_per_shard == 0:
            notes.append(
                "replicas_per_shard is 0: while a node is away, so are the keys of its shard; "
                "if its volume is lost, they are too"
            )
        elif self.shards < 3:
            notes.append(
                f"shards is {self.shards}: there is no automatic failover below three shards, since a majority of "
                "masters must agree to it; a lost master has to come back, or be replaced by hand"
            )
        if isinstance(self.storage, LocalStorage) and self.members_per_shard > len(self.storage.nodes):
            notes.append(
                f"storage.nodes names {len(self.storage.nodes)} nodes for {self.members_per_shard} members a shard: "
                "one lost node can take a master and its replica"
            )
        if not self.conf.appendonly:
            notes.append("conf.appendonly is false: a restart loses every write since the last snapshot")
        if parse_quantity(self.storage.size) < 2 * self.maxmemory_bytes:
            notes.append(
                f"storage.size is {self.storage.size}: below twice maxmemory ({self.maxmemory_bytes} bytes) the "
                "rewriting of the append-only file can fill the volume"
            )
        return notes
