"""The control plane: etcd, the API server, the controllers and the scheduler, on a node of their own."""

from pathlib import Path

from command_line.files import write_whole
from command_line.subprocesses import CommandError
from devcluster.cluster.node import Node, wait_until
from devcluster.cluster.pki import (
    ADMIN,
    API_SERVER,
    CONTROLLER_MANAGER,
    ETCD,
    ETCD_CLIENT,
    KUBELET_CLIENT,
    SCHEDULER,
    VOLUME_FOLDERS,
    Identity,
    Pki,
)
from devcluster.plan import LOCAL_VOLUMES, SERVICE_NETWORK

_PKI = "/etc/kubernetes/pki"
_ETCD_URL = "https://127.0.0.1:2379"

_VOLUME_FOLDERS = Path(__file__).parent / "volume-folders.sh"


def configure(node: Node, pki: Pki) -> None:
    """Write what the control plane's programs read."""
    users = (API_SERVER, KUBELET_CLIENT, ETCD, ETCD_CLIENT, CONTROLLER_MANAGER, SCHEDULER)
    for name in ("ca", *(who.file for who in users)):
        for source in (pki.certificate(name), pki.key(name)):
            write_whole(node.etc / "pki" / source.name, source.read_text(), 0o600)
    write_whole(node.etc / "pki" / "service-accounts.key", pki.key("service-accounts").read_text(), 0o600)
    for who in (ADMIN, CONTROLLER_MANAGER, SCHEDULER, VOLUME_FOLDERS):
        pki.write_kubeconfig(who, node.etc / f"{who.file}.kubeconfig")
    write_whole(node.etc / "volume-folders", _VOLUME_FOLDERS.read_text(), 0o755)


def start(node: Node) -> None:
    """Start what does not run, and return when the API server says that it is ready."""
    node.ensure("etcd", _etcd(node))
    _wait_healthy(node, "etcd", _etcdctl("endpoint", "health"))
    node.ensure("kube-apiserver", _api_server(node))
    _wait_healthy(node, "kube-apiserver", kubectl_words("get", "--raw", "/readyz"))
    node.ensure("kube-controller-manager", _controller_manager())
    node.ensure("kube-scheduler", _client_of_the_api(SCHEDULER))
    if node.daemon("sh") is None:
        node.spawn("volume-folders", ["/bin/sh", "/etc/kubernetes/volume-folders", LOCAL_VOLUMES])


def kubectl_words(*words: str) -> list[str]:
    """The command line of kubectl with the admin's rights, on the control plane's node."""
    return ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.kubeconfig", *words]


def _wait_healthy(node: Node, name: str, check: list[str]) -> None:
    try:
        wait_until(lambda: node.succeeds(check, timeout=10), 90, f"{name} is healthy", pause=0.3)
    except CommandError as problem:
        log = node.log / f"{name}.log"
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""
        raise CommandError([name], 1, f"{problem}\nThe end of {log}:\n{tail}") from None


def _etcdctl(*words: str) -> list[str]:
    files = ("--cacert", f"{_PKI}/ca.crt", "--cert", f"{_PKI}/etcd-client.crt", "--key", f"{_PKI}/etcd-client.key")
    return ["env", "ETCDCTL_API=3", "etcdctl", "--endpoints", _ETCD_URL, *files, *words]


def _etcd(node: Node) -> list[str]:
    return [
        "etcd",
        f"--name={node.name}",
        "--data-dir=/var/lib/etcd",
        f"--listen-client-urls={_ETCD_URL}",
        f"--advertise-client-urls={_ETCD_URL}",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--initial-advertise-peer-urls=https://127.0.0.1:2380",
        f"--initial-cluster={node.name}=https://127.0.0.1:2380",
        "--client-cert-auth",
        f"--trusted-ca-file={_PKI}/ca.crt",
        f"--cert-file={_PKI}/etcd.crt",
        f"--key-file={_PKI}/etcd.key",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={_PKI}/ca.crt",
        f"--peer-cert-file={_PKI}/etcd.crt",
        f"--peer-key-file={_PKI}/etcd.key",
        # Without compaction a cluster that stays up for weeks fills its disk with old revisions.
        "--auto-compaction-retention=1",
    ]


def _api_server(node: Node) -> list[str]:
    return [
        "kube-apiserver",
        f"--advertise-address={node.plan.address}",
        "--secure-port=6443",
        f"--etcd-servers={_ETCD_URL}",
        f"--etcd-cafile={_PKI}/ca.crt",
        f"--etcd-certfile={_PKI}/etcd-client.crt",
        f"--etcd-keyfile={_PKI}/etcd-client.key",
        f"--client-ca-file={_PKI}/ca.crt",
        f"--tls-cert-file={_PKI}/kube-apiserver.crt",
        f"--tls-private-key-file={_PKI}/kube-apiserver.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--anonymous-auth=false",
        f"--kubelet-certificate-authority={_PKI}/ca.crt",
        f"--kubelet-client-certificate={_PKI}/kube-apiserver-kubelet-client.crt",
        f"--kubelet-client-key={_PKI}/kube-apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={_PKI}/service-accounts.key",
        f"--service-account-signing-key-file={_PKI}/service-accounts.key",
        # No kube-proxy runs beside the API server: it reaches admission webhooks at their pods.
        "--enable-aggregator-routing=true",
        "--profiling=false",
    ]


def _controller_manager() -> list[str]:
    return [
        *_client_of_the_api(CONTROLLER_MANAGER),
        f"--client-ca-file={_PKI}/ca.crt",
        f"--root-ca-file={_PKI}/ca.crt",
        f"--service-account-private-key-file={_PKI}/service-accounts.key",
        "--use-service-account-credentials",
    ]


def _client_of_the_api(who: Identity) -> list[str]:
    """The program and what the controllers and the scheduler are told alike."""
    kubeconfig = f"/etc/kubernetes/{who.file}.kubeconfig"
    return [
        who.file,
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--tls-cert-file={_PKI}/{who.file}.crt",
        f"--tls-private-key-file={_PKI}/{who.file}.key",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--profiling=false",
    ]
