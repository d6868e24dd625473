"""The cluster that a stack goes to: which it is, one explicit provider, and the namespaces."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from environment.guard.cluster_ownership import MADE_BY, Standing
from environment.settings.model import EnvironmentSettings
from webtier.shared.labels import recommended_labels


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


def make_namespace(
    name: str,
    *,
    holds_data: bool,
    provider: pulumi.ProviderResource,
    standing: Standing | None = None,
    is_kept: bool = False,
    after: pulumi.Resource | None = None,
) -> Namespace:
    """A namespace that admits only pods of the `restricted` Pod Security Standard, or an adopted one as it is.

    With `holds_data` Pulumi refuses to delete it; with `is_kept` it only forgets it. `standing` says whether it is
    adopted, and has the mark of the stack that makes it, which is in the state once `after` is.
    """
    is_adopted = standing is not None and name in standing.adopted
    annotations = {MADE_BY: standing.mark(pulumi.get_stack())} if standing else None
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    labels = {**recommended_labels("namespace", name), **levels}
    return Namespace(
        name,
        metadata=ObjectMetaArgs(name=name)
        if is_adopted
        else ObjectMetaArgs(name=name, labels=labels, annotations=annotations),
        opts=pulumi.ResourceOptions(
            provider=provider,
            protect=holds_data,
            retain_on_delete=is_kept or is_adopted,
            depends_on=[after] if after else None,
            # It waits for every pod in it to end.
            custom_timeouts=pulumi.CustomTimeouts(delete="10m"),
        ),
    )
