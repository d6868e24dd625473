"""The cluster that a stack goes to: one explicit provider, and the namespaces."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from components.shared.labels import recommended_labels
from environment.settings import EnvironmentSettings


def make_provider(settings: EnvironmentSettings) -> kubernetes.Provider:
    """The one provider of the stack. It never falls back to the kubeconfig's current context."""
    return kubernetes.Provider(
        "cluster",
        kubeconfig=settings.kubeconfig or None,
        context=settings.context,
        enable_server_side_apply=True,
        # Replacing a ConfigMap replaces all that names it; pods are rolled by a checksum instead.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def make_namespace(name: str, *, holds_data: bool, provider: pulumi.ProviderResource) -> Namespace:
    """A namespace that admits only pods of the `restricted` Pod Security Standard.

    With `holds_data` Pulumi refuses to delete it.
    """
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return Namespace(
        name,
        metadata=ObjectMetaArgs(name=name, labels={**recommended_labels("namespace", name), **levels}),
        opts=pulumi.ResourceOptions(
            provider=provider,
            protect=holds_data,
            # It waits for every pod in it to end.
            custom_timeouts=pulumi.CustomTimeouts(delete="10m"),
        ),
    )
