"""The Pod Security Standard `restricted`: https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

from collections.abc import Iterator, Mapping
from typing import Any

from webtier_policies.pods import containers, pod_spec
from webtier_policies.resources import UNKNOWN, Resource, at, fields, items

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP = ("RuntimeDefault", "Localhost")
_APPARMOR = (None, "RuntimeDefault", "Localhost")
_SELINUX_TYPES = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}
_MAY_BE_ADDED = {"NET_BIND_SERVICE"}


def unrestricted(resource: Resource) -> Iterator[str]:
    """What in its pods a namespace that enforces `restricted` would refuse."""
    spec = pod_spec(resource)
    yield from _of_pod(spec)
    for name, container in containers(resource):
        yield from (f"{name} {problem}" for problem in _of_container(spec, container))


def _of_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name) is True:
            yield f"The pod has {name}: it shares that with its node. Leave it out."
    for volume in map(fields, items(spec.get("volumes"))):
        for kind in sorted({*volume} - _VOLUMES - {"name"}):
            yield f"The volume '{volume.get('name', '')}' is a {kind}. Allowed are {', '.join(sorted(_VOLUMES))}."
    for sysctl in map(fields, items(at(spec, "securityContext", "sysctls"))):
        name = sysctl.get("name")
        if name is not UNKNOWN and name not in _SYSCTLS:
            yield f"The pod sets the sysctl '{name}', which is not among those that are safe. Leave it out."
    yield from (f"The pod {problem}" for problem in _labels(fields(spec.get("securityContext"))))


def _of_container(spec: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    own, pod = container.get("securityContext"), spec.get("securityContext")
    if own is UNKNOWN or pod is UNKNOWN:
        return
    context = {**fields(pod), **fields(own)}
    if context.get("privileged") is True:
        yield "is privileged: it can do all that root on the node can. Set privileged: false."
    if context.get("allowPrivilegeEscalation") not in (False, UNKNOWN):
        yield "may gain privileges. Set allowPrivilegeEscalation: false."
    if context.get("runAsNonRoot") not in (True, UNKNOWN):
        yield "may run as root. Set runAsNonRoot: true."
    if context.get("runAsUser") == 0:
        yield "runs as root (runAsUser: 0). Name another user."
    if at(context, "seccompProfile", "type") not in (*_SECCOMP, UNKNOWN):
        yield "has no seccomp profile. Set seccompProfile: {type: RuntimeDefault}."
    if context.get("procMount") not in (None, "Default", UNKNOWN):
        yield "sees its node's /proc (procMount). Leave it out."
    if at(context, "windowsOptions", "hostProcess") is True:
        yield "runs as a process of its node (windowsOptions.hostProcess). Leave it out."
    yield from _labels(fields(own))
    yield from _capabilities(context)
    for port in map(fields, items(container.get("ports"))):
        if port.get("hostPort") not in (None, 0, UNKNOWN):
            yield "takes a port of its node (hostPort). Use a Service."


def _capabilities(context: Mapping[str, Any]) -> Iterator[str]:
    drop, add = at(context, "capabilities", "drop"), at(context, "capabilities", "add")
    if drop is not UNKNOWN and "ALL" not in items(drop):
        yield "keeps capabilities. Set capabilities: {drop: [ALL]}."
    for each in items(add):
        if each not in _MAY_BE_ADDED:
            yield f"has the capability {each}. Only {', '.join(_MAY_BE_ADDED)} may be added."


def _labels(context: Mapping[str, Any]) -> Iterator[str]:
    if at(context, "appArmorProfile", "type") not in (*_APPARMOR, UNKNOWN):
        yield "goes without AppArmor. Set appArmorProfile: {type: RuntimeDefault}, or leave it out."
    options = fields(context.get("seLinuxOptions"))
    if options.get("type") not in (*_SELINUX_TYPES, UNKNOWN) or options.get("user") or options.get("role"):
        yield "has SELinux options of its own. Leave out user and role, and types that aren't a container's."
