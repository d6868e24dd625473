"""What the controller may do in the cluster: its account, roles and bindings.

It reads Secrets of every namespace, since an Ingress of any namespace may name one for TLS.
"""

from collections.abc import Callable

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgs,
    Role,
    RoleBinding,
    RoleRefArgs,
    SubjectArgs,
)

_RBAC_GROUP = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> PolicyRuleArgs:
    return PolicyRuleArgs(api_groups=[group], resources=resources, verbs=verbs, resource_names=names)


def _cluster_rules() -> list[PolicyRuleArgs]:
    return [
        _rule("", ["configmaps", "endpoints", "namespaces", "pods", "secrets"], ["list", "watch"]),
        _rule("", ["nodes", "services"], _READ),
        _rule("", ["events"], ["create", "patch"]),
        _rule("coordination.k8s.io", ["leases"], ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], _READ),
        _rule("networking.k8s.io", ["ingressclasses", "ingresses"], _READ),
        _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
    ]


def _own_namespace_rules(election_id: str) -> list[PolicyRuleArgs]:
    return [
        _rule("", ["namespaces"], ["get"]),
        _rule("", ["configmaps", "endpoints", "pods", "secrets", "services"], _READ),
        _rule("", ["events"], ["create", "patch"]),
        _rule("discovery.k8s.io", ["endpointslices"], _READ),
        _rule("networking.k8s.io", ["ingressclasses", "ingresses"], _READ),
        _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
        # RBAC can't name an object that is yet to be created, so `create` is a rule of its own.
        _rule("coordination.k8s.io", ["leases"], ["get", "update"], [election_id]),
        _rule("coordination.k8s.io", ["leases"], ["create"]),
    ]


def grant_access(
    name: str,
    *,
    cluster_name: str,
    namespace: pulumi.Input[str],
    election_id: str,
    metadata: Callable[[str, bool], ObjectMetaArgs],
    opts: pulumi.ResourceOptions,
) -> tuple[ServiceAccount, list[pulumi.Resource]]:
    """The controller's account, and the bindings that must exist before it starts.

    `cluster_name` names the two objects outside of all namespaces. `metadata(name, namespaced)`
    makes each object's metadata.
    """
    account = ServiceAccount(
        name,
        metadata=metadata(name, True),
        automount_service_account_token=False,
        opts=opts,
    )
    subject = SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=namespace)
    cluster_role = ClusterRole(name, metadata=metadata(cluster_name, False), rules=_cluster_rules(), opts=opts)
    cluster_binding = ClusterRoleBinding(
        name,
        metadata=metadata(cluster_name, False),
        role_ref=RoleRefArgs(api_group=_RBAC_GROUP, kind="ClusterRole", name=cluster_role.metadata.name),
        subjects=[subject],
        opts=opts,
    )
    role = Role(name, metadata=metadata(name, True), rules=_own_namespace_rules(election_id), opts=opts)
    binding = RoleBinding(
        name,
        metadata=metadata(name, True),
        role_ref=RoleRefArgs(api_group=_RBAC_GROUP, kind="Role", name=role.metadata.name),
        subjects=[subject],
        opts=opts,
    )
    return account, [cluster_binding, binding]
