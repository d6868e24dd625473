"""Wrong topologies and settings of Redis, each with the report that it has to get.

They stand below `webtier:redis`.
"""

from tests.refused_settings.case import Refused

_POLICIES = (
    "allowed: one of 'noeviction', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-lfu', "
    "'volatile-random', 'volatile-ttl'"
)
_NODE_PORTS = "allowed: a whole number from 30000 to 32767, or null"
_BYTES = "allowed: text such as '64Mi', '2Gi' or '500M': an amount of bytes of at least '1Mi'"
_FOLDERS = "allowed: an absolute path without '..' and a final '/', such as '/srv/files'"
_DNS_NAMES = "allowed: a DNS name in lower case, such as 'shop.example.com' (an RFC 1123 subdomain)"
_IMAGES = "allowed: an image with its tag or digest, such as 'docker.io/library/redis:8.2.10'"
_KINDS = "allowed: one of 'dynamic', 'local', 'nfs'"

REFUSED = (
    # Topologies.
    Refused("no shards", "{shards: 0}", "shards", "0", "allowed: a whole number from 1 to 1000"),
    Refused("negative shards", "{shards: -3}", "shards", "-3", "allowed: a whole number from 1 to 1000"),
    Refused("half a shard", "{shards: 2.5}", "shards", "2.5", "allowed: a whole number from 1 to 1000"),
    Refused("shards as text", "{shards: '3'}", "shards", '"3"', "allowed: a whole number from 1 to 1000"),
    Refused("too many shards", "{shards: 1001, replicas_per_shard: 0}", "shards", "1001", "from 1 to 1000"),
    Refused("too many replicas", "{replicas_per_shard: 11}", "replicas_per_shard", "11", "a whole number from 0 to 10"),
    Refused("negative replicas", "{replicas_per_shard: -1}", "replicas_per_shard", "-1", "a whole number from 0 to 10"),
    Refused(
        "too many nodes",
        "{shards: 334, replicas_per_shard: 2}",
        "shards",
        "334",
        "with replicas_per_shard 2 these are 1002 nodes; allowed: at most 1000 in all, since every node talks",
    ),
    Refused(
        "members that must not share a node and have to",
        "{replicas_per_shard: 3, anti_affinity: required, storage: {kind: local, nodes: [a, b, c]}}",
        "storage.nodes",
        '["a", "b", "c"]',
        "3 nodes for 4 members a shard, and anti_affinity is required: two members would have to share a node; "
        "allowed: more nodes, fewer replicas, or anti_affinity preferred",
    ),
    Refused(
        "anti-affinity",
        "{anti_affinity: strict}",
        "anti_affinity",
        '"strict"',
        "one of 'required', 'preferred'",
    ),
    # Memory.
    Refused(
        "no memory limit",
        "{resources: {limits: {memory: null}}}",
        "resources.limits.memory",
        "null",
        "not set, and maxmemory is derived from it; allowed: at least '32Mi', such as '512Mi'",
    ),
    Refused(
        "too little memory",
        "{resources: {requests: {memory: 16Mi}, limits: {memory: 16Mi}}}",
        "resources.limits.memory",
        '"16Mi"',
        "too little, and maxmemory is derived from it; allowed: at least '32Mi'",
    ),
    Refused(
        "more memory asked for than allowed",
        "{resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}}",
        "resources.requests.memory",
        '"1Gi"',
        "more than limits.memory, 512Mi; allowed: a request of at most its limit",
    ),
    Refused("memory as number", "{resources: {limits: {memory: 512}}}", "resources.limits.memory", "512", _BYTES),
    Refused(
        "processors",
        "{resources: {requests: {cpu: 0.1m}}}",
        "resources.requests.cpu",
        '"0.1m"',
        "allowed: text such as '250m', '1' or '1.5': cores, or thousandths of one",
    ),
    Refused("low maxmemory", "{conf: {maxmemory_percent: 29}}", "conf.maxmemory_percent", "29", "from 30 to 90"),
    Refused("high maxmemory", "{conf: {maxmemory_percent: 91}}", "conf.maxmemory_percent", "91", "from 30 to 90"),
    Refused(
        "maxmemory and buffers that do not fit",
        "{conf: {maxmemory_percent: 90}}",
        "conf.maxmemory_percent",
        "90",
        "maxmemory 461 MiB + replicas' buffers beyond the backlog 31 MiB + Redis itself 26 MiB are more than "
        "resources.limits.memory, 512 MiB; allowed: at most 89, a lower conf.replica_output_buffer_limit, or a higher "
        "limit",
    ),
    Refused(
        "Redis' own limit of replicas' buffers in half a gigabyte",
        "{conf: {replica_output_buffer_limit: {hard: 256Mi, soft: 64Mi}}}",
        "conf.replica_output_buffer_limit.hard",
        '"256Mi"',
        "maxmemory 358 MiB + replicas' buffers beyond the backlog 236 MiB + Redis itself 26 MiB are more than "
        "resources.limits.memory, 512 MiB; allowed: at most '148Mi', a lower conf.maxmemory_percent, or a higher limit",
    ),
    Refused(
        "a soft limit above the hard one",
        "{conf: {replica_output_buffer_limit: {hard: 32Mi, soft: 64Mi}}}",
        "conf.replica_output_buffer_limit.soft",
        '"64Mi"',
        "more than hard, 32Mi; allowed: at most that",
    ),
    Refused(
        "a backlog above the hard limit",
        "{conf: {repl_backlog_size: 64Mi, replica_output_buffer_limit: {hard: 32Mi, soft: 32Mi}}}",
        "conf.replica_output_buffer_limit.hard",
        '"32Mi"',
        "less than conf.repl_backlog_size, 64 MiB, up to which Redis lets it grow all the same; allowed: at least that",
    ),
    Refused(
        "a backlog that leaves no room for data",
        "{conf: {repl_backlog_size: 200Mi}}",
        "conf.repl_backlog_size",
        '"200Mi"',
        "it is a part of maxmemory, 358 MiB, and leaves too little for data; allowed: at most a quarter, '89Mi'",
    ),
    Refused(
        "half a buffer limit",
        "{conf: {replica_output_buffer_limit: {hard: 32Mi}}}",
        "conf.replica_output_buffer_limit.soft",
        None,
        "not set, but needed: For `soft_seconds` on end.",
    ),
    Refused("backlog as number", "{conf: {repl_backlog_size: 1048576}}", "conf.repl_backlog_size", "1048576", _BYTES),
    Refused(
        "eviction policy",
        "{conf: {maxmemory_policy: volatile_lru}}",
        "conf.maxmemory_policy",
        '"volatile_lru"',
        _POLICIES,
    ),
    # Persistence and timing.
    Refused(
        "nothing kept",
        "{conf: {appendonly: false, save: []}}",
        "conf.appendonly",
        "false",
        "save is empty too, so that a master would restart without data and its replicas would copy that; "
        "allowed: appendonly true, or at least one save point",
    ),
    Refused("fsync", "{conf: {appendfsync: never}}", "conf.appendfsync", '"never"', "'always', 'everysec', 'no'"),
    Refused("save point", "{conf: {save: [{seconds: 0, changes: 1}]}}", "conf.save[0].seconds", "0", "from 1 to"),
    Refused(
        "half a save point",
        "{conf: {save: [{seconds: 60}]}}",
        "conf.save[0].changes",
        None,
        "not set, but needed: At least so many keys changed.",
    ),
    Refused(
        "a fast failover after Redis' own",
        "{fast_failover_after_ms: 2000, conf: {node_timeout_ms: 2000}}",
        "fast_failover_after_ms",
        "2000",
        "not below conf.node_timeout_ms 2000, after which Redis itself lets a replica take over; allowed: 500 to 1999, "
        "or null",
    ),
    Refused("node timeout", "{conf: {node_timeout_ms: 500}}", "conf.node_timeout_ms", "500", "from 1000 to 60000"),
    Refused("ready", "{ready_timeout_seconds: 5}", "ready_timeout_seconds", "5", "a whole number from 60 to 86400"),
    # Storage.
    Refused("storage kind", "{storage: {kind: locl}}", "storage.kind", '"locl"', f"did you mean 'local'? {_KINDS}"),
    Refused(
        "storage of no kind",
        "{storage: {size: 2Gi}}",
        "storage.kind",
        None,
        "not set, but needed: one of 'dynamic', 'local', 'nfs'",
    ),
    Refused(
        "nfs without a server",
        "{storage: {kind: nfs, path: /srv}}",
        "storage.server",
        None,
        "not set, but needed: The server's name or IPv4 address",
    ),
    Refused("local without nodes", "{storage: {kind: local, nodes: []}}", "storage.nodes", "[]", "at least one entry"),
    Refused(
        "a node twice",
        "{storage: {kind: local, nodes: [a, b, a]}}",
        "storage.nodes[2]",
        '"a"',
        "a is named twice; allowed: each node once",
    ),
    Refused("node name", "{storage: {kind: local, nodes: [Node_1]}}", "storage.nodes[0]", '"Node_1"', _DNS_NAMES),
    Refused(
        "folder outside",
        "{storage: {kind: local, nodes: [a], root: /srv/../etc}}",
        "storage.root",
        '"/srv/../etc"',
        _FOLDERS,
    ),
    Refused("relative folder", "{storage: {kind: nfs, server: nfs, path: srv}}", "storage.path", '"srv"', _FOLDERS),
    Refused("size unit", "{storage: {kind: dynamic, size: 1GB}}", "storage.size", '"1GB"', _BYTES),
    Refused("no size", "{storage: {kind: dynamic, size: 0Gi}}", "storage.size", '"0Gi"', _BYTES),
    Refused("negative size", "{storage: {kind: local, nodes: [a], size: -1Gi}}", "storage.size", '"-1Gi"', _BYTES),
    Refused(
        "storage class",
        "{storage: {kind: dynamic, storage_class: Fast_SSD}}",
        "storage.storage_class",
        '"Fast_SSD"',
        _DNS_NAMES,
    ),
    Refused(
        "a volume smaller than the data",
        "{resources: {limits: {memory: 2Gi}}}",
        "storage.size",
        '"1Gi"',
        "less than maxmemory, 1503238553 bytes, so that the data would not fit onto its volume; "
        "allowed: at least maxmemory",
    ),
    # Names, images, access.
    Refused("misspelt key", "{replica_per_shard: 1}", "replica_per_shard", None, "did you mean 'replicas_per_shard'?"),
    Refused(
        "key of another kind",
        "{storage: {kind: dynamic, nodes: [a]}}",
        "storage.nodes",
        None,
        "unknown key; known here: kind, size, storage_class",
    ),
    Refused("image without a tag", "{image: redis}", "image", '"redis"', _IMAGES),
    Refused("old Redis", "{image: 'redis:6.2'}", "image", '"redis:6.2"', "allowed: an image of Redis 7.0 or later"),
    Refused("no image for the agent", "{agent: {image: ''}}", "agent.image", '""', _IMAGES),
    Refused(
        "too little memory for the agent",
        "{agent: {resources: {requests: {memory: 8Mi}, limits: {memory: 8Mi}}}}",
        "agent.resources.limits.memory",
        '"8Mi"',
        "too little for Python; allowed: at least '32Mi'",
    ),
    Refused("cluster domain", "{cluster_domain: Cluster.Local}", "cluster_domain", '"Cluster.Local"', _DNS_NAMES),
    Refused(
        "a domain that leaves no room for pods' names",
        f"{{cluster_domain: {'a' * 85}}}",
        "cluster_domain",
        f'"{"a" * 85}"',
        "allowed: text of at most 84 characters",
    ),
    Refused("NodePort too low", "{access: {node_port: 6379}}", "access.node_port", "6379", _NODE_PORTS),
    Refused(
        "an exposure inside",
        "{access: {exposure: {kind: cluster_ip}}}",
        "access.exposure.kind",
        '"cluster_ip"',
        "allowed: one of 'load_balancer', 'node_port'",
    ),
    Refused("NodePort too high", "{access: {node_port: 32768}}", "access.node_port", "32768", _NODE_PORTS),
)
