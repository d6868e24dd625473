"""The root file system of the nodes: what kubelet and its companions need, mounted read-only."""

from pathlib import Path

from devcluster.images.recipe import Job, Recipe
from devcluster.images.rootfs import add_accounts, bundle_certificates, link, unpack, write

_PACKAGES = (
    *("containerd", "runc", "containernetworking-plugins", "etcd-client", "etcd-server"),
    *("conntrack", "ethtool", "iproute2", "iptables", "nftables", "socat"),
    *("kmod", "mount", "nfs-common", "procps", "util-linux"),
    *("base-files", "bash", "ca-certificates", "coreutils", "dash", "dumb-init", "findutils", "grep", "sed"),
)
# Only for a statistics program of nfs-common.
_WITHOUT = ("python3",)

_MOUNT_POINTS = (
    *("proc", "sys", "dev", "run", "tmp", "var"),
    *("etc/cni", "etc/containerd", "etc/kubernetes", "opt/cni", "opt/webtier", "root", "usr/lib/modules"),
)


def _build(job: Job) -> None:
    unpack(_PACKAGES, job.root, job.log, _WITHOUT)
    add_accounts(job.root)
    bundle_certificates(job.root)
    for folder in _MOUNT_POINTS:
        (job.root / folder).mkdir(parents=True, exist_ok=True)
    for family in ("iptables", "ip6tables"):
        for name in (family, f"{family}-save", f"{family}-restore"):
            link(job.root, f"usr/sbin/{name}", "xtables-nft-multi")
    link(job.root, "etc/mtab", "../proc/self/mounts")
    write(job.root, "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    write(job.root, "etc/resolv.conf", "")


RECIPE = Recipe(build=_build, sources=(Path(__file__),))
