"""What the controller may do in the cluster: its account, roles and bindings.

The rules are what the code of releases 1.11 to 1.15 asks the API server for. Whoever takes over a controller has all
that it may read: so one that serves a single namespace reads the Secrets of no other.
"""

from dataclasses import replace

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

from webtier.shared.children import Children

_RBAC_GROUP = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> PolicyRuleArgs:
    return PolicyRuleArgs(api_groups=[group], resources=resources, verbs=verbs, resource_names=names)


def _every_namespace() -> list[PolicyRuleArgs]:
    return [
        _rule("", ["configmaps", "endpoints", "namespaces", "pods", "secrets"], ["list", "watch"]),
        _rule("", ["nodes", "services"], _READ),
        _rule("", ["events"], ["create", "patch"]),
        _rule("coordination.k8s.io", ["leases"], ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], _READ),
        _rule("networking.k8s.io", ["ingressclasses", "ingresses"], _READ),
        _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
    ]


def _classes() -> list[PolicyRuleArgs]:
    """All that lies outside of namespaces and is needed. Without it the controller would ignore its class."""
    return [_rule("networking.k8s.io", ["ingressclasses"], ["list", "watch"])]


def _watched_namespace() -> list[PolicyRuleArgs]:
    return [
        # It asks at its start whether the namespace exists, and ends if not.
        _rule("", ["namespaces"], ["get"]),
        _rule("", ["configmaps", "secrets", "services"], ["list", "watch"]),
        _rule("", ["events"], ["create", "patch"]),
        _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
        _rule("networking.k8s.io", ["ingresses"], _READ),
        _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
    ]


def _own_namespace(controller: str, election_id: str) -> list[PolicyRuleArgs]:
    """Its configuration, the Service whose address it publishes, its own pods, and the lease of their leader."""
    return [
        _rule("", ["configmaps", "services"], ["get"], [controller]),
        _rule("", ["pods"], ["get", "list"]),
        # RBAC can't name an object that is yet to be created, so `create` is a rule of its own.
        _rule("coordination.k8s.io", ["leases"], ["get", "update"], [election_id]),
        _rule("coordination.k8s.io", ["leases"], ["create"]),
    ]


def grant_access(
    name: str,
    children: Children,
    *,
    cluster_name: str,
    watched: pulumi.Output[str] | None,
    controller: str,
    election_id: str,
) -> tuple[ServiceAccount, list[pulumi.Resource]]:
    """The controller's account, and the bindings that must exist before it starts.

    `watched` is the namespace whose Ingresses it serves, None for all. `cluster_name` names the objects outside of the
    controller's own namespace, `controller` its ConfigMap and its Service.
    """
    opts = children.options()
    account = ServiceAccount(name, metadata=children.metadata(name), automount_service_account_token=False, opts=opts)
    subject = SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=children.namespace)

    def allow(
        resource: str,
        where: ObjectMetaArgs,
        rules: list[PolicyRuleArgs],
        make_role: type[Role | ClusterRole] = Role,
        make_binding: type[RoleBinding | ClusterRoleBinding] = RoleBinding,
    ) -> pulumi.Resource:
        role = make_role(resource, metadata=where, rules=rules, opts=opts)
        ref = RoleRefArgs(api_group=_RBAC_GROUP, kind=make_role.__name__, name=role.metadata.name)
        return make_binding(resource, metadata=where, role_ref=ref, subjects=[subject], opts=opts)

    everywhere = _every_namespace() if watched is None else _classes()
    bindings = [
        allow(name, children.cluster_wide(cluster_name), everywhere, ClusterRole, ClusterRoleBinding),
        allow(name, children.metadata(name), _own_namespace(controller, election_id)),
    ]
    if watched is not None:
        where = replace(children, namespace=watched).metadata(cluster_name)
        bindings.append(allow(f"{name}-watched", where, _watched_namespace()))
    return account, bindings
