"""Keys of redis.conf that may be set, by which a misspelt one is told."""

_NAMES = """
    acl-pubsub-default acllog-max-len active-defrag-cycle-max active-defrag-cycle-min active-defrag-ignore-bytes
    active-defrag-max-scan-fields active-defrag-threshold-lower active-defrag-threshold-upper
    active-expire-effort activedefrag activerehashing always-show-logo aof-disable-auto-gc
    aof-load-corrupt-tail-max-size aof-rewrite-incremental-fsync aof-timestamp-enabled aof-use-rdb-preamble
    aof_rewrite_cpulist auto-aof-rewrite-min-size auto-aof-rewrite-percentage availability-zone bgsave_cpulist
    bio_cpulist busy-reply-threshold client-output-buffer-limit client-query-buffer-limit
    commandlog-execution-slower-than commandlog-large-reply-max-len commandlog-large-request-max-len
    commandlog-reply-larger-than commandlog-request-larger-than commandlog-slow-execution-max-len
    crash-log-enabled crash-memcheck-enabled databases disable-thp dynamic-hz enable-debug-command
    enable-module-command enable-protected-configs events-per-io-thread extended-redis-compatibility
    hash-max-listpack-entries hash-max-listpack-value hash-max-ziplist-entries hash-max-ziplist-value
    hide-user-data-from-log hll-sparse-max-bytes hz ignore-warnings import-mode io-threads io-threads-do-reads
    jemalloc-bg-thread latency-monitor-threshold latency-tracking latency-tracking-info-percentiles
    lazyexpire-nested-arbitrary-keys lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del
    lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth
    list-max-listpack-size list-max-ziplist-size locale-collate loglevel lua-enable-insecure-api lua-time-limit
    max-new-connections-per-cycle max-new-tls-connections-per-cycle maxclients maxmemory-clients
    maxmemory-eviction-tenacity maxmemory-samples no-appendfsync-on-rewrite notify-keyspace-events oom-score-adj
    oom-score-adj-values prefetch-batch-max-size proc-title-template propagation-error-behavior
    proto-max-bulk-len rdb-del-sync-files rdb-save-incremental-fsync rdb-version-check rdbchecksum
    rdbcompression repl-backlog-ttl repl-disable-tcp-nodelay repl-ping-replica-period repl-ping-slave-period
    repl-timeout sanitize-dump-payload server_cpulist set-max-intset-entries set-max-listpack-entries
    set-max-listpack-value set-proc-title shutdown-on-sigint shutdown-on-sigterm shutdown-timeout
    slowlog-log-slower-than slowlog-max-len socket-mark-id stop-writes-on-bgsave-error stream-node-max-bytes
    stream-node-max-entries tcp-backlog tcp-keepalive timeout tracking-table-max-keys unixsocketgroup
    zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries zset-max-ziplist-value
"""

KNOWN_KEYS = frozenset(_NAMES.split())
"""Those of Redis 7.0 (`CONFIG GET *`), and some of Redis 8 and Valkey. One that is missing is taken all the same."""
