"""A Grafana dashboard for one Redis Cluster, as the JSON that Grafana imports and its sidecar loads."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from webtier.redis_cluster.monitoring.alerts import MASTER, SLOTS, Series

_WIDTH = 24
"""Of Grafana's grid."""

_RATE = "[$__rate_interval]"
_POD = 'pod=~"$pod"'
_BY_COMMAND = ("redis_commands_total", "redis_commands_duration_seconds_total")
_DATASOURCE: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """One PromQL query; `legend` names its curves, with their labels in double braces."""

    expression: str
    legend: str = "{{pod}}"


@dataclass(frozen=True)
class Panel:
    """A panel; `red_unless` colours a single value by whether it is this one, None for no colour."""

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    red_unless: int | None = None
    description: str = ""


def render_dashboard(name: str, namespace: str, members: int) -> str:
    """The dashboard of the cluster `name` with so many members. One for each cluster: its uid tells them apart."""
    series = Series(name, namespace)
    dashboard: Mapping[str, object] = {
        "uid": hashlib.sha256(f"webtier/{namespace}/{name}".encode()).hexdigest()[:32],
        "title": f"Redis Cluster {namespace}/{name}",
        "tags": ["redis", "webtier"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "annotations": {"list": []},
        "templating": {"list": _variables(series)},
        "panels": list(
            _laid_out([*_state(series, members), *_traffic(series), *_replication(series), *_keeping(series)])
        ),
    }
    return json.dumps(dashboard, indent=1) + "\n"


def _variables(series: Series) -> list[Mapping[str, object]]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "pod",
            "label": "Pod",
            "type": "query",
            "datasource": _DATASOURCE,
            "query": {"query": f"label_values({series.of('redis_up')}, pod)", "refId": "pods"},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
        },
    ]


def _state(series: Series, members: int) -> list[Panel]:
    def stat(title: str, expression: str, red_unless: int | None = None, unit: str = "short") -> Panel:
        return Panel(title, [Query(expression, title)], unit, "stat", 4, 4, red_unless)

    used, most = (f"sum({series.each(metric)})" for metric in ("redis_memory_used_bytes", "redis_memory_max_bytes"))
    return [
        stat("Cluster state (1 is ok)", f"min({series.of('redis_cluster_state')})", 1),
        stat("Slots served", f"min({series.of('redis_cluster_slots_ok')})", SLOTS),
        stat("Members that answer", f"count({series.each('redis_up')} == 1) or vector(0)", members),
        stat("Known nodes", f"max({series.of('redis_cluster_known_nodes')})", members),
        stat("Keys", f"sum({series.each('redis_db_keys')} and on (namespace, pod) {series.masters})"),
        stat("Memory used of maxmemory", f"{used} / {most}", unit="percentunit"),
    ]


def _traffic(series: Series) -> list[Panel]:
    hits, misses = (f"sum({_rate(series, f'redis_keyspace_{kind}_total')})" for kind in ("hits", "misses"))
    calls, spent = (f"sum by (cmd) (rate({series.of(metric, _POD)}{_RATE}))" for metric in _BY_COMMAND)
    errors = f"sum by (err) (rate({series.of('redis_errors_total', _POD)}{_RATE}))"
    clients = _each_of(series, {"": "redis_connected_clients", "blocked": "redis_blocked_clients"})
    connections = {"": "redis_connections_received_total", "rejected": "redis_rejected_connections_total"}
    network = {"in": "redis_net_input_bytes_total", "out": "redis_net_output_bytes_total"}
    return [
        Panel("Commands a second", _rates_of(series, {"": "redis_commands_processed_total"}), "ops"),
        Panel("Commands a second, by command", [Query(f"topk(10, {calls})", "{{cmd}}")], "ops"),
        Panel("Time of one command", [Query(f"topk(10, {spent} / ({calls} > 0))", "{{cmd}}")], "s"),
        Panel("Hit ratio", [Query(f"{hits} / ({hits} + {misses} > 0)", "hits")], "percentunit"),
        Panel("Clients", clients),
        Panel("Connections a second", _rates_of(series, connections)),
        Panel("Network", _rates_of(series, network), "Bps"),
        Panel("Errors a second", [Query(errors, "{{err}}")]),
        Panel("Slow commands in the log", _each_of(series, {"": "redis_slowlog_length"})),
    ]


def _replication(series: Series) -> list[Panel]:
    confirmed = series.of("redis_connected_slave_offset_bytes", _POD)
    behind = (
        f"{series.each('redis_master_repl_offset', _POD)} - on (namespace, pod) group_right () "
        f"max by (namespace, pod, slave_ip) ({confirmed})"
    )
    masters = f"{series.each('redis_instance_info', MASTER, _POD)} or {series.each('redis_up', _POD)} * 0"
    copies = f"max by (pod) (increase({series.of('redis_replica_resyncs_full', _POD)}[1h]))"
    slots = {kind: series.of(f"redis_cluster_slots_{kind}", _POD) for kind in ("assigned", "ok", "pfail", "fail")}
    return [
        Panel(
            "Replicas behind their master",
            [Query(behind, "{{slave_ip}} of {{pod}}")],
            "bytes",
            description="Bytes of the replication stream that a master has sent and its replica has not confirmed.",
        ),
        Panel(
            "Masters",
            [Query(masters)],
            kind="state-timeline",
            description="1 while a pod is a master, 0 while it is a replica or does not answer.",
        ),
        Panel("Link to the master (1 is up)", _each_of(series, {"": "redis_master_link_up"})),
        Panel(
            "Slots",
            [Query(f"min({of_kind})", kind) for kind, of_kind in slots.items()],
            description="As the member sees it that sees the fewest.",
        ),
        Panel("Replication, out", _rates_of(series, {"": "redis_net_repl_output_bytes_total"}), "Bps"),
        Panel(
            "Full copies in an hour",
            [Query(copies)],
            description="How often replicas had to copy all of the pod's data.",
        ),
    ]


def _keeping(series: Series) -> list[Panel]:
    memory = {
        "": "redis_memory_used_bytes",
        "resident": "redis_memory_used_rss_bytes",
        "maxmemory": "redis_memory_max_bytes",
    }
    going = {"evicted": "redis_evicted_keys_total", "expired": "redis_expired_keys_total"}
    sizes = {"": "redis_aof_current_size_bytes", "after its last rewrite": "redis_aof_base_size_bytes"}
    writing = {
        "append-only file": "redis_aof_last_write_status",
        "its rewriting": "redis_aof_last_bgrewrite_status",
        "snapshot": "redis_rdb_last_bgsave_status",
    }
    cpu = " + ".join(_rate(series, f"redis_cpu_{kind}_seconds_total") for kind in ("sys", "user"))
    return [
        Panel("Memory", _each_of(series, memory), "bytes"),
        Panel("Keys by pod", _each_of(series, {"": "redis_db_keys", "expiring": "redis_db_keys_expiring"})),
        Panel("Evicted and expired keys a second", _rates_of(series, going)),
        Panel("Append-only file", _each_of(series, sizes), "bytes"),
        Panel("Writing to the volume (1 is ok)", _each_of(series, writing)),
        Panel("Delayed fsyncs", _each_of(series, {"": "redis_aof_delayed_fsync"})),
        Panel("Last fork", _each_of(series, {"": "redis_latest_fork_seconds"}), "s"),
        Panel("CPU", [Query(cpu)], "percentunit", description="Of one core, system and user together."),
    ]


def _each_of(series: Series, metrics: Mapping[str, str]) -> list[Query]:
    """A curve for each pod and metric; the metrics by what their legends add to the pod's name."""
    return [Query(f"max by (pod) ({series.of(metric, _POD)})", _legend(adds)) for adds, metric in metrics.items()]


def _rates_of(series: Series, metrics: Mapping[str, str]) -> list[Query]:
    return [Query(_rate(series, metric), _legend(adds)) for adds, metric in metrics.items()]


def _legend(adds: str) -> str:
    return f"{{{{pod}}}} {adds}".rstrip()


def _rate(series: Series, metric: str) -> str:
    return f"max by (pod) (rate({series.of(metric, _POD)}{_RATE}))"


def _laid_out(panels: Sequence[Panel]) -> Iterator[Mapping[str, object]]:
    """From left to right, in rows as full as they get."""
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _WIDTH:
            x, y, row_height = 0, y + row_height, 0
        position = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        yield {
            "id": number,
            "title": panel.title,
            **({"description": panel.description} if panel.description else {}),
            "type": panel.kind,
            "datasource": _DATASOURCE,
            "gridPos": position,
            "fieldConfig": {"defaults": {"unit": panel.unit, **_colours(panel.red_unless)}, "overrides": []},
            "targets": [
                {"refId": chr(ord("A") + place), "expr": query.expression, "legendFormat": query.legend}
                for place, query in enumerate(panel.queries)
            ],
        }
        x, row_height = x + panel.width, max(row_height, panel.height)


def _colours(red_unless: int | None) -> Mapping[str, object]:
    if red_unless is None:
        return {}
    colours = (("red", None), ("green", red_unless), ("red", red_unless + 1))
    steps = [{"color": colour, "value": value} for colour, value in colours]
    return {"thresholds": {"mode": "absolute", "steps": steps}, "noValue": "none"}
