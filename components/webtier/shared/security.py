"""Security contexts that the Pod Security Standard `restricted` admits."""

from collections.abc import Sequence

from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    PodSecurityContextArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
    SysctlArgs,
)


def restricted_pod(
    uid: int, gid: int | None = None, *, fs_group: int | None = None, unprivileged_ports_from: int | None = None
) -> PodSecurityContextArgs:
    """A pod that runs as `uid` (never root), its group `gid` (default: the same number).

    `fs_group` owns the pod's volumes. `unprivileged_ports_from` lets a process without
    capabilities bind ports from that number on; the sysctl is in Kubernetes' safe set.
    """
    sysctls: Sequence[SysctlArgs] | None = None
    if unprivileged_ports_from is not None:
        sysctls = [SysctlArgs(name="net.ipv4.ip_unprivileged_port_start", value=str(unprivileged_ports_from))]
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=uid,
        run_as_group=uid if gid is None else gid,
        fs_group=fs_group,
        # Without it the kubelet walks the whole volume at every start, minutes on a large one.
        fs_group_change_policy=None if fs_group is None else "OnRootMismatch",
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
        sysctls=sysctls,
    )


def restricted_container(*, read_only_root: bool = True, add_net_bind_service: bool = False) -> SecurityContextArgs:
    """A container without escalation, capabilities or, by default, a writable root filesystem.

    `add_net_bind_service` keeps the one capability that the standard lets an image have: for
    executables that carry it as a file capability, which the kernel refuses to start without it.
    """
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=CapabilitiesArgs(drop=["ALL"], add=["NET_BIND_SERVICE"] if add_net_bind_service else None),
        privileged=False,
        read_only_root_filesystem=read_only_root,
        run_as_non_root=True,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )
