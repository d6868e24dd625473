"""What every example begins with: the cluster that its settings name, a namespace of its own, and a page to show."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from environment.cluster import make_namespace


@dataclass(frozen=True)
class Stage:
    """`namespace` is known once it exists; `node_address` is where NodePorts are reached, None if nobody said."""

    namespace: pulumi.Output[str]
    node_address: str | None
    options: pulumi.ResourceOptions


def set_stage(config: pulumi.Config) -> Stage:
    """From the settings `context`, `kubeconfig`, `namespace` and `node_address`."""
    provider = kubernetes.Provider(
        "cluster",
        context=config.require("context"),
        kubeconfig=config.get("kubeconfig") or None,
        enable_server_side_apply=True,
        # A changed page is a new roll of the pods, and no new ConfigMap that all would have to be replaced for.
        enable_config_map_mutable=True,
    )
    namespace = make_namespace(config.require("namespace"), holds_data=False, provider=provider)
    return Stage(
        namespace.metadata.name, config.get("node_address") or None, pulumi.ResourceOptions(providers=[provider])
    )


_PAGE = """\
server {{
    listen 8080;
    default_type text/plain;
    location / {{
        return 200 "{text} $hostname\\n";
    }}
}}
"""


def page(text: str) -> dict[str, str]:
    """For a web service's `files`: nginx answers every path with the text and the pod's name."""
    return {"/etc/nginx/conf.d/default.conf": _PAGE.format(text=text)}
