"""What runs on a worker node: containerd, kubelet, kube-proxy and network-policies."""

import json
import subprocess
from pathlib import Path

from command_line.files import write_whole
from command_line.subprocesses import CommandError
from devcluster.cluster import cgroups
from devcluster.cluster.node import Node, wait_until
from devcluster.cluster.pki import NETWORK_POLICIES, PROXY, Pki, kubelet
from devcluster.images import reference
from devcluster.plan import CLUSTER_DOMAIN, DNS_ADDRESS

_PAUSE_IMAGE = reference("pause")
_CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
_CTR = ("ctr", "--address", _CONTAINERD_SOCKET, "--namespace", "k8s.io")


def configure(node: Node, pki: Pki) -> None:
    """Write what the node's programs read."""
    who = kubelet(node.name, node.plan.address)
    for source, target in (
        (pki.certificate("ca"), "ca.crt"),
        (pki.certificate(who.file), "kubelet.crt"),
        (pki.key(who.file), "kubelet.key"),
    ):
        write_whole(node.etc / "pki" / target, source.read_text(), 0o600)
    pki.write_kubeconfig(who, node.etc / "kubelet.kubeconfig")
    pki.write_kubeconfig(PROXY, node.etc / "kube-proxy.kubeconfig")
    pki.write_kubeconfig(NETWORK_POLICIES, node.etc / "network-policies.kubeconfig")
    write_whole(node.etc / "kubelet.json", json.dumps(_kubelet(node), indent=2))
    write_whole(node.etc / "kube-proxy.json", json.dumps(_proxy(node), indent=2))
    write_whole(node.etc / "containerd.toml", _CONTAINERD)
    write_whole(node.etc / "cni" / "10-webtier.conflist", json.dumps(_cni(node), indent=2))
    # The cluster's DNS answers for the cluster alone: there is nothing upstream to ask.
    write_whole(node.etc / "resolv.conf", "")


def start(node: Node) -> None:
    """Start what does not run, and return when containerd answers."""
    node.ensure("containerd", ["containerd", "--config", "/etc/kubernetes/containerd.toml"])
    wait_until(
        lambda: node.succeeds([*_CTR, "version"], timeout=5),
        60,
        f"containerd of {node.name} answers (its log: {node.log}/containerd.log)",
    )
    node.ensure("kube-proxy", ["kube-proxy", "--config=/etc/kubernetes/kube-proxy.json"])
    words = ["--kubeconfig=/etc/kubernetes/network-policies.kubeconfig", f"--node={node.name}"]
    node.ensure("network-policies", ["network-policies", *words])


def start_kubelet(node: Node) -> bool:
    """Start the kubelet if it does not run, and say whether it had to be started.

    It comes after the images, so that no pod waits out a back-off for one.
    """
    command = [
        "kubelet",
        "--config=/etc/kubernetes/kubelet.json",
        "--kubeconfig=/etc/kubernetes/kubelet.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.plan.address}",
        f"--node-labels=topology.kubernetes.io/zone={node.plan.zone}",
        f"--pod-infra-container-image={_PAUSE_IMAGE}",
    ]
    return node.ensure("kubelet", command)


def import_image(node: Node, archive: Path) -> None:
    """Load a docker archive into the node's containerd."""
    command = node.enter([*_CTR, "images", "import", "-"])
    with archive.open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandError(command, done.returncode, done.stderr)


def images(node: Node) -> set[str]:
    return set(node.run([*_CTR, "images", "list", "--quiet"]).split())


def _kubelet(node: Node) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.plan.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": "/etc/kubernetes/pki/kubelet.crt",
        "tlsPrivateKeyFile": "/etc/kubernetes/pki/kubelet.key",
        "readOnlyPort": 0,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroups.of_node(node.name),
        "failSwapOn": False,
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": "/etc/kubernetes/resolv.conf",
        "containerRuntimeEndpoint": f"unix://{_CONTAINERD_SOCKET}",
        # There is no registry to pull an image from a second time.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        # The disk is the host's: what others fill there is no reason to evict pods here, on all nodes at once.
        "evictionHard": {"memory.available": "100Mi"},
        "serializeImagePulls": False,
        "nodeStatusUpdateFrequency": "10s",
        "shutdownGracePeriod": "0s",
        "enableProfilingHandler": False,
    }


def _proxy(node: Node) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": node.name,
        # What comes from there is taken for a pod's on this node, and may be answered by another node. The network of
        # all pods has the nodes and this machine in it too.
        "clusterCIDR": str(node.plan.pods),
        "clientConnection": {"kubeconfig": "/etc/kubernetes/kube-proxy.kubeconfig"},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # The limit is the host's own: a node may not change it.
        "conntrack": {"maxPerCore": 0},
        "nodePortAddresses": ["primary"],
    }


def _cni(node: Node) -> dict[str, object]:
    return {
        "cniVersion": "0.4.0",
        "name": "webtier",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isDefaultGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": str(node.plan.pods)}]],
                    # Below /run, so that a power cut frees the addresses of the pods it ended.
                    "dataDir": "/run/cni/networks",
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


_CONTAINERD = f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "{_CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{_PAUSE_IMAGE}"
# Without CAP_SYS_RESOURCE a process may not lower its own score, and no sandbox would start.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "/etc/kubernetes/cni"
"""
