"""Everything about a Redis Cluster that is plain data, checked when it is made."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from webtier.redis_cluster.access_settings import AccessSettings, PodNodePorts
from webtier.redis_cluster.buffer_settings import ReplicaOutputBufferLimit, check_buffers, replication_buffers
from webtier.redis_cluster.credentials.acl import APPLICATION_RULES, AclRules
from webtier.redis_cluster.network_policy_settings import NetworkPolicySettings
from webtier.redis_cluster.placement_settings import RedisAccountSettings, TopologyKeys
from webtier.redis_cluster.tls_settings import TlsSettings
from webtier.redis_common.settings import (
    CLUSTER_DOMAIN,
    DEFAULT_IMAGE,
    DataSettings,
    RedisImage,
    check_memory,
    check_volume,
    data_notes,
)
from webtier.redis_common.sizing import Memory, ReplicationBuffers
from webtier.redis_common.storage import DynamicStorage, LocalStorage, StorageSettings
from webtier.shared.model import DnsName, Image, Moved, Settings
from webtier.shared.problems import wrong_setting
from webtier.shared.prometheus.settings import PrometheusOperatorSettings
from webtier.shared.quantities import ByteQuantity, ResourceAmounts, ResourceSettings, parse_quantity
from webtier.shared.scheduling import SchedulingSettings
from webtier.shared.user_annotations import PodAnnotations
from webtier.shared.user_labels import UserLabels

MOST_NODES = 1000
"""Redis Cluster's own recommended limit: every node talks to every other one."""

LONGEST_DOMAIN = 84
"""What the longest names of a pod, its Service and its namespace leave of the 253 characters of a DNS name."""

HIGHEST_NODE_PORT = 32767

NODE_TIMEOUT_MS, FAST_FAILOVER_AFTER_MS = 5000, 1500

LEAST_AGENT_MEMORY = "32Mi"
"""Python and redis-py take more than half of it before they do anything."""


class RedisConf(DataSettings):
    """What of redis.conf is a choice. The rest follows from Redis running in pods."""

    of_cluster: ClassVar[bool] = True

    node_timeout_ms: int = Field(
        default=NODE_TIMEOUT_MS,
        ge=1000,
        le=60000,
        description="A node is suspected after so long without an answer. A failover takes 1 to 2 s more.",
    )
    repl_backlog_size: ByteQuantity | None = Field(
        default=None,
        description="What a replica can miss and yet need no whole copy; a part of maxmemory. Null for 4 % of "
        "`resources.limits.memory`.",
    )
    replica_output_buffer_limit: ReplicaOutputBufferLimit | None = Field(
        default=None,
        description="What a master may hold back for replicas that are slow or copy (`client-output-buffer-limit "
        "replica`), beside maxmemory but for the backlog. Null for 10 % of `resources.limits.memory`, or half of that "
        "for 60 s.",
    )

    def buffers(self, limit: int) -> ReplicationBuffers:
        """What is kept for replicas in so many bytes of memory."""
        return replication_buffers(limit, self.repl_backlog_size, self.replica_output_buffer_limit)

    @model_validator(mode="after")
    def _something_is_kept(self) -> "RedisConf":
        if self.keeps_nothing:
            raise wrong_setting(
                ("appendonly",),
                "save is empty too, so that a master would restart without data and its replicas would copy that; "
                "allowed: appendonly true, or at least one save point",
                self.appendonly,
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

    @model_validator(mode="after")
    def _has_room(self) -> "AgentSettings":
        limit = self.resources.limits.memory
        if limit is not None and parse_quantity(limit) < parse_quantity(LEAST_AGENT_MEMORY):
            raise wrong_setting(
                ("resources", "limits", "memory"),
                f"too little for Python; allowed: at least '{LEAST_AGENT_MEMORY}', or null for no limit",
                limit,
            )
        return self


class MetricsSettings(Settings):
    """The Prometheus exporter beside each Redis, and what is made of its metrics."""

    enabled: bool = Field(default=True, description="Whether each Redis pod has an exporter, on port 9121.")
    image: Image = Field(
        default="docker.io/oliver006/redis_exporter:v1.74.0",
        description="An image whose entrypoint is `redis_exporter`, version 1.74 or later.",
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="10m", memory="24Mi"), limits=ResourceAmounts(memory="64Mi")
        ),
        description="Of the exporter's container.",
    )
    prometheus_operator: PrometheusOperatorSettings = Field(
        default=PrometheusOperatorSettings(), description="For clusters where the Prometheus operator runs."
    )


class RedisClusterSettings(Settings):
    """One Redis Cluster: `shards` times a master with `replicas_per_shard` replicas."""

    moved: ClassVar[Moved] = Moved(
        keys={"internal_passwords": "internal_password_generation", "formation_seconds": "ready_timeout_seconds"},
        values={"anti_affinity": {"hard": "required", "soft": "preferred"}},
    )

    shards: int = Field(
        default=3, ge=1, le=MOST_NODES, description="Masters. Automatic failover needs at least three: they vote."
    )
    replicas_per_shard: int = Field(default=1, ge=0, le=10, description="Replicas of each master.")
    image: RedisImage = DEFAULT_IMAGE
    conf: RedisConf = Field(default=RedisConf(), description="Settings of redis.conf.")
    storage: StorageSettings = Field(default=DynamicStorage(kind="dynamic"), description="Where the data is.")
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="100m", memory="256Mi"), limits=ResourceAmounts(memory="512Mi")
        ),
        description="Of one Redis pod. `limits.memory` must be set: Redis' maxmemory is derived from it.",
    )
    anti_affinity: Literal["required", "preferred"] = Field(
        default="preferred",
        description="Whether two members of a shard may never (required) share a node, or only where no other node has "
        "room (preferred).",
    )
    topology_keys: TopologyKeys = Field(
        default=TopologyKeys(), description="Labels of nodes that say which of them fail together."
    )
    scheduling: SchedulingSettings = Field(
        default=SchedulingSettings(),
        description="Which nodes Redis and the Job that forms the cluster may run on, and before whom.",
    )
    image_pull_secrets: list[DnsName] = Field(
        default_factory=list, description="Secrets of the namespace with which nodes pull the images."
    )
    labels: UserLabels = Field(default_factory=dict, description="Labels of your own, on all its objects and pods.")
    pod_annotations: PodAnnotations = Field(
        default_factory=dict, description="Annotations of your own, on Redis' pods and the Job's."
    )
    service_account: RedisAccountSettings = Field(
        default=RedisAccountSettings(), description="The pods' account in the cluster, which has no rights there."
    )
    application_acl: AclRules = Field(
        default=APPLICATION_RULES,
        description="What the application's user `app` may do, as rules of a Redis ACL.",
    )
    internal_password_generation: int = Field(
        default=1,
        ge=1,
        description="Generation of the passwords of replication, agent and exporter. Raise it by one to rotate them.",
    )
    tls: TlsSettings | None = Field(default=None, description="TLS for clients, replication and bus; null for none.")
    access: AccessSettings = Field(default=AccessSettings(), description="From outside the cluster.")
    agent: AgentSettings = Field(default=AgentSettings(), description="The program beside each Redis.")
    network_policy: NetworkPolicySettings = Field(
        default=NetworkPolicySettings(), description="Who may reach Redis over the network."
    )
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="The exporter beside each Redis.")
    fast_failover: bool = Field(
        default=True,
        description="Whether a replica takes over soon (`fast_failover_after_ms`) from a master that it and a "
        "majority of the other masters have lost, and not only after 1.5 times `conf.node_timeout_ms`. Needs three "
        "shards.",
    )
    fast_failover_after_ms: int | None = Field(
        default=None,
        ge=500,
        le=59999,
        description="A replica has not reached its master for so long before it takes over by `fast_failover`; below "
        "`conf.node_timeout_ms`. Null for 1500, or three quarters of the node timeout where that is less.",
    )
    cluster_domain: DnsName = Field(
        default=CLUSTER_DOMAIN, max_length=LONGEST_DOMAIN, description="The DNS domain of the Kubernetes cluster."
    )
    shard_guard: bool = Field(
        default=True,
        description="Whether the API server refuses to delete a shard that holds data: a ValidatingAdmissionPolicy, "
        "which needs Kubernetes 1.30 and the right to make one.",
    )
    ready_timeout_seconds: int = Field(
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
    def failover_threshold_ms(self) -> int:
        """After how long without an answer a replica takes over by the fast failover."""
        return self.fast_failover_after_ms or min(FAST_FAILOVER_AFTER_MS, self.conf.node_timeout_ms * 3 // 4)

    @property
    def memory(self) -> Memory:
        """How the memory of one Redis pod is shared out."""
        return self.conf.memory(self.resources, self.conf.buffers)

    @model_validator(mode="after")
    def _has_room(self) -> "RedisClusterSettings":
        nodes = self.shards * self.members_per_shard
        if nodes > MOST_NODES:
            raise wrong_setting(
                ("shards",),
                f"with replicas_per_shard {self.replicas_per_shard} these are {nodes} nodes; allowed: at most "
                f"{MOST_NODES} in all, since every node talks to every other one",
                self.shards,
            )
        check_memory(self.resources)
        conf = self.conf
        check_buffers(self.memory, conf.maxmemory_percent, conf.repl_backlog_size, conf.replica_output_buffer_limit)
        check_volume(self.storage.size, self.memory.maxmemory)
        return self

    @model_validator(mode="after")
    def _fast_failover_comes_first(self) -> "RedisClusterSettings":
        if (self.fast_failover_after_ms or 0) >= self.conf.node_timeout_ms:
            raise wrong_setting(
                ("fast_failover_after_ms",),
                f"not below conf.node_timeout_ms {self.conf.node_timeout_ms}, after which Redis itself lets a replica "
                f"take over; allowed: 500 to {self.conf.node_timeout_ms - 1}, or null",
                self.fast_failover_after_ms,
            )
        return self

    @model_validator(mode="after")
    def _shards_can_be_placed(self) -> "RedisClusterSettings":
        storage = self.storage
        if (
            isinstance(storage, LocalStorage)
            and self.anti_affinity == "required"
            and self.members_per_shard > len(storage.nodes)
        ):
            raise wrong_setting(
                ("storage", "nodes"),
                f"{len(storage.nodes)} nodes for {self.members_per_shard} members a shard, and anti_affinity is "
                "required: two members would have to share a node; allowed: more nodes, fewer replicas, or "
                "anti_affinity preferred",
                storage.nodes,
            )
        return self

    @model_validator(mode="after")
    def _node_ports_are_enough(self) -> "RedisClusterSettings":
        pods = self.access.pods
        if not isinstance(pods, PodNodePorts):
            return self
        ports = pods.ports(self.shards)
        if ports[-1] > HIGHEST_NODE_PORT:
            most = pods.first - (ports[-1] - HIGHEST_NODE_PORT)
            raise wrong_setting(
                ("access", "pods", "first"),
                f"{self.shards} shards need the NodePorts {pods.first} to {ports[-1]}, and {HIGHEST_NODE_PORT} is the "
                f"last; allowed: at most {most}, or fewer shards",
                pods.first,
            )
        if self.access.node_port in ports:
            raise wrong_setting(
                ("access", "node_port"),
                f"one of the pods' own NodePorts {pods.first} to {ports[-1]}; allowed: any other",
                self.access.node_port,
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
        elif isinstance(self.storage, LocalStorage) and self.shards >= 3 > len(self.storage.nodes):
            notes.append(
                f"storage.nodes names {len(self.storage.nodes)} nodes for {self.shards} masters: one lost node can "
                "take most of them, and without a majority of the masters there is no automatic failover"
            )
        return notes + data_notes(self.conf, self.storage.size, self.memory)
