"""The component: all objects of one Redis Cluster, and the wait until it is formed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, ServiceAccount

from webtier.redis_cluster.announcement import make_announcements
from webtier.redis_cluster.converge_job import make_converge_job
from webtier.redis_cluster.credentials.acl import APPLICATION_USER
from webtier.redis_cluster.credentials.secrets import make_application_secret, make_auth_secret
from webtier.redis_cluster.credentials.tls import make_tls_files
from webtier.redis_cluster.disruption_budget import make_disruption_budget
from webtier.redis_cluster.monitoring.metrics import make_metrics
from webtier.redis_cluster.network_policy import make_network_policies
from webtier.redis_cluster.parts import APPLICATION, ClusterParts
from webtier.redis_cluster.pod.agent_archive import agent_archive
from webtier.redis_cluster.pod.agent_container import AgentContainers
from webtier.redis_cluster.pod.lifecycle import START_SCRIPT, STOP_SCRIPT
from webtier.redis_cluster.pod.probes import alive_script, ready_script
from webtier.redis_cluster.pod.redis_conf import render_redis_conf, render_topology_conf
from webtier.redis_cluster.pod.stateful_set import ShardFiles, make_shard
from webtier.redis_cluster.pod.storage import make_claims, make_storage_class
from webtier.redis_cluster.services import make_nodes_service
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_cluster.shard_guard import make_shard_guard, make_shards_in_use
from webtier.redis_common.component import RedisComponent
from webtier.shared.checksum import checksum
from webtier.shared.children import register_declared_outputs
from webtier.shared.labels import recommended_labels

TYPE_TOKEN = "webtier:index:RedisCluster"  # noqa: S105


@dataclass
class RedisClusterArgs:
    """What a `RedisCluster` is made from.

    `password` is the application's, 1 to 512 printable characters; `previous_password` is accepted too, so
    that clients can change to another one without a failed command. `labels` are put on every object besides the
    recommended ones. `node_address` is where NodePorts are reached from outside, None where that
    is not known. With `protect` Pulumi refuses to delete the StatefulSets and volumes.
    """

    settings: RedisClusterSettings
    namespace: pulumi.Input[str]
    password: pulumi.Input[str]
    previous_password: pulumi.Input[str | None] = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node_address: str | None = None
    protect: bool = False


class RedisCluster(RedisComponent):
    """A Redis Cluster: formed when its resources are there, and mending itself from then on.

    Its objects are called by the component's own name; pods are `<name>-shard-<s>-<m>`. Give the
    namespace as an input and never as `depends_on`: volumes must not wait for it during deletion.
    ValueError for a name that is too long or no DNS label.
    """

    ca_certificate: pulumi.Output[str | None]
    """The CA that clients have to trust, in PEM; None without TLS, and where the certificate comes from elsewhere."""
    username: pulumi.Output[str]
    """The application's user."""
    password: pulumi.Output[str]
    """The application's password, a secret."""
    ready: Sequence[pulumi.Resource]
    """What everything that needs a working Redis must depend on: the Job that formed the cluster."""

    def __init__(self, name: str, args: RedisClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = args.settings
        super().__init__(TYPE_TOKEN, name, settings.notes(), opts)
        labels = {**args.labels, **settings.labels}
        parts = ClusterParts(
            name=name,
            settings=settings,
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels={**labels, **recommended_labels(APPLICATION, name)},
            user_labels=labels,
            protect=args.protect,
        )
        self.username = pulumi.Output.from_input(APPLICATION_USER)
        self.password = pulumi.Output.secret(args.password)

        nodes_service = make_nodes_service(parts)
        self._make_access(
            name,
            parts,
            settings.access,
            selector=parts.selector,
            cluster_domain=settings.cluster_domain,
            node_address=args.node_address,
        )
        make_disruption_budget(parts)
        make_storage_class(parts)
        make_metrics(parts)
        make_network_policies(parts)
        account = ServiceAccount(
            name,
            metadata=parts.metadata(name, settings.service_account.annotations or None),
            automount_service_account_token=False,
            opts=parts.options(),
        )
        auth = make_auth_secret(parts, self.password, pulumi.Output.secret(args.previous_password))
        make_application_secret(parts, self.password)
        conf, conf_checksum = _conf(parts)
        code, code_checksum = _code(parts)
        announced = make_announcements(parts)
        tls = make_tls_files(parts)
        agent = AgentContainers(settings.agent, None if code is None else code.metadata.name, tls, code_checksum)
        files = ShardFiles(
            secret=auth.secret.metadata.name,
            announced=None if announced is None else announced.config_map.metadata.name,
            conf=conf.metadata.name,
            checksum=checksum({"conf": conf_checksum, "agent": code_checksum}),
            tls=tls,
            account=account.metadata.name,
            nodes_service=nodes_service.metadata.name,
        )
        shards: list[pulumi.Resource] = []
        for shard in range(settings.shards):
            # What a shard depends on stays as long as the shard may not be deleted.
            own = [*make_claims(parts, shard), *(announced.services[shard] if announced else ())]
            after = [*own, *shards[-1:]]
            shards.append(make_shard(parts, shard, files, agent, after))
        job = make_converge_job(parts, agent, auth, account.metadata.name, after=[*shards, nodes_service])
        in_use = make_shards_in_use(parts, job)
        if settings.shard_guard:
            make_shard_guard(parts, in_use, shards)

        self.ready = [job]
        no_ca: str | None = None
        self.ca_certificate = pulumi.Output.from_input(no_ca if tls is None or tls.ca is None else tls.ca)
        register_declared_outputs(self, RedisCluster)


def _conf(parts: ClusterParts) -> tuple[ConfigMap, str]:
    """What Redis starts with, and the checksum of what only a restart brings into effect."""
    name = f"{parts.name}-conf"
    restarting = {
        "redis.conf": render_redis_conf(parts.settings),
        "start.sh": START_SCRIPT,
        "stop.sh": STOP_SCRIPT,
        "alive.sh": alive_script(parts.settings),
        "ready.sh": ready_script(parts.settings),
    }
    data = {**restarting, "topology.conf": render_topology_conf(parts.settings)}
    return ConfigMap(name, metadata=parts.metadata(name), data=data, opts=parts.options()), checksum(restarting)


def _code(parts: ClusterParts) -> tuple[ConfigMap | None, str]:
    """The agent's code and its checksum; none of its own when the image has it."""
    if parts.settings.agent.code == "in_image":
        return None, ""
    name = f"{parts.name}-agent"
    archive = agent_archive()
    code = ConfigMap(name, metadata=parts.metadata(name), binary_data=archive.binary_data, opts=parts.options())
    return code, archive.checksum
