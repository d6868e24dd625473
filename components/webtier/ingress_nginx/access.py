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

from webtier.ingress_nginx.controller import Controller

_READ = ["get", "list", "watch"]


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> PolicyRuleArgs:
    return PolicyRuleArgs(api_groups=[group], resources=resources, verbs=verbs, resource_names=names)


_EVERY_NAMESPACE = [
    _rule("", ["configmaps", "endpoints", "namespaces", "pods", "secrets"], ["list", "watch"]),
    _rule("", ["nodes", "services"], _READ),
    _rule("", ["events"], ["create", "patch"]),
    _rule("coordination.k8s.io", ["leases"], ["list", "watch"]),
    _rule("discovery.k8s.io", ["endpointslices"], _READ),
    _rule("networking.k8s.io", ["ingressclasses", "ingresses"], _READ),
    _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
]

_CLASSES = [_rule("networking.k8s.io", ["ingressclasses"], ["list", "watch"])]
"""All that lies outside of namespaces and is needed. Without it the controller would ignore its class."""

_WATCHED_NAMESPACE = [
    # It asks at its start whether the namespace exists, and ends if not.
    _rule("", ["namespaces"], ["get"]),
    _rule("", ["configmaps", "secrets", "services"], ["list", "watch"]),
    _rule("", ["events"], ["create", "patch"]),
    _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    _rule("networking.k8s.io", ["ingresses"], _READ),
    _rule("networking.k8s.io", ["ingresses/status"], ["update"]),
]


def grant_access(controller: Controller) -> tuple[ServiceAccount, list[pulumi.Resource]]:
    """The controller's account, and the bindings that must exist before it starts."""
    name, children, watched = controller.component, controller.children, controller.watched
    opts = children.options()
    account = ServiceAccount(name, metadata=children.metadata(name), automount_service_account_token=False, opts=opts)
    subject = SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=children.namespace)
    # Its configuration, the Service whose address it publishes, its own pods, and the lease of their leader.
    own_namespace = [
        _rule("", ["configmaps", "services"], ["get"], [controller.name]),
        _rule("", ["pods"], ["get", "list"]),
        # RBAC can't name an object that is yet to be created, so `create` is a rule of its own.
        _rule("coordination.k8s.io", ["leases"], ["get", "update"], [controller.election_id]),
        _rule("coordination.k8s.io", ["leases"], ["create"]),
    ]

    def allow(
        resource: str,
        where: ObjectMetaArgs,
        rules: list[PolicyRuleArgs],
        make_role: type[Role | ClusterRole] = Role,
        make_binding: type[RoleBinding | ClusterRoleBinding] = RoleBinding,
    ) -> pulumi.Resource:
        role = make_role(resource, metadata=where, rules=rules, opts=opts)
        ref = RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=make_role.__name__, name=role.metadata.name)
        return make_binding(resource, metadata=where, role_ref=ref, subjects=[subject], opts=opts)

    cluster_name = f"{controller.settings.namespace}-controller"
    everywhere = _EVERY_NAMESPACE if watched is None else _CLASSES
    bindings = [
        allow(name, children.cluster_wide(cluster_name), everywhere, ClusterRole, ClusterRoleBinding),
        allow(name, children.metadata(name), own_namespace),
    ]
    if watched is not None:
        where = replace(children, namespace=watched).metadata(cluster_name)
        bindings.append(allow(f"{name}-watched", where, _WATCHED_NAMESPACE))
    return account, bindings
