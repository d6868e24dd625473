"""The component: all objects of one Redis."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from webtier.redis_common.component import RedisComponent
from webtier.redis_common.conf import AUTH_FOLDER, DATA_FOLDER, PORT, data_lines
from webtier.redis_common.container import ALIVE_SCRIPT
from webtier.redis_common.quoting import quote
from webtier.redis_common.settings import CLUSTER_DOMAIN
from webtier.redis_standalone.settings import RedisStandaloneSettings
from webtier.redis_standalone.storage import make_claim
from webtier.redis_standalone.workload import READY_SCRIPT, START_SCRIPT, make_stateful_set, pod_template
from webtier.shared.checksum import checksum
from webtier.shared.children import Children, register_declared_outputs
from webtier.shared.kept_secret import keep_secret, kept_text
from webtier.shared.labels import recommended_labels, selector_labels

TYPE_TOKEN = "webtier:index:RedisStandalone"  # noqa: S105

_APPLICATION, _COMPONENT = "redis", "standalone"
_PASSWORD_BYTES = 24


@dataclass
class RedisStandaloneArgs:
    """What a `RedisStandalone` is made from.

    `labels` are put on every object besides the recommended ones. `node_address` is where NodePorts
    are reached from outside, None where that is not known. With `protect` Pulumi refuses to delete
    the claim and its volume. `cluster_domain` is the DNS domain of the Kubernetes cluster.
    """

    settings: RedisStandaloneSettings
    namespace: pulumi.Input[str]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node_address: str | None = None
    protect: bool = False
    cluster_domain: str = CLUSTER_DOMAIN


class RedisStandalone(RedisComponent):
    """One Redis with a password of its own, for what a few seconds without it do not hurt.

    Its objects are called by the component's own name. Give the namespace as an input and never as
    `depends_on`: a volume must not wait for it during deletion. ValueError for a name that is too
    long or no DNS label.
    """

    password: pulumi.Output[str]
    """The password, a secret: made by the first deployment and kept from then on."""
    ready: Sequence[pulumi.Resource]
    """What everything that needs a working Redis must depend on."""

    def __init__(self, name: str, args: RedisStandaloneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = args.settings
        super().__init__(TYPE_TOKEN, name, settings.notes(), opts)
        children = Children(
            parent=self,
            namespace=pulumi.Output.from_input(args.namespace),
            labels={**args.labels, **settings.labels, **recommended_labels(_APPLICATION, name, _COMPONENT)},
        )
        selector = selector_labels(_APPLICATION, name, _COMPONENT)

        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        files = {"password": password.encode(), "auth.conf": f"requirepass {quote(password)}\n".encode()}
        # Its name is left to Pulumi: the pod is rolled when a replacement gets another one.
        secret = keep_secret(f"{name}-auth", children, files)
        conf_data = {
            "redis.conf": render_redis_conf(settings),
            "start.sh": START_SCRIPT,
            "alive.sh": ALIVE_SCRIPT,
            "ready.sh": READY_SCRIPT,
        }
        conf_name = f"{name}-conf"
        conf = ConfigMap(conf_name, metadata=children.metadata(conf_name), data=conf_data, opts=children.options())
        claim = make_claim(name, children, settings.storage, protect=args.protect)
        template = pod_template(
            children.labels,
            settings,
            secret=secret.metadata.name,
            conf=conf.metadata.name,
            conf_checksum=checksum(conf_data),
            claim=None if claim is None else claim.metadata.name,
        )
        stateful_set = make_stateful_set(name, children, selector, template)
        self._make_access(
            name,
            children,
            settings.access,
            selector=selector,
            cluster_domain=args.cluster_domain,
            node_address=args.node_address,
        )

        self.ready = [stateful_set]
        self.password = kept_text(secret, "password")
        register_declared_outputs(self, RedisStandalone)


def render_redis_conf(settings: RedisStandaloneSettings) -> str:
    """redis.conf; a change of it restarts Redis."""
    lines = [
        f"include {AUTH_FOLDER}/auth.conf",
        f"port {PORT}",
        f"dir {DATA_FOLDER}",
        # Every address of the pod; a leading '-' makes a missing IPv6 no error.
        "bind * -::*",
        *data_lines(settings.conf, settings.memory.maxmemory),
    ]
    return "\n".join(lines) + "\n"
