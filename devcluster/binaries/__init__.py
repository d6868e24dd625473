"""The programs of the embedded cluster that are built from published Go modules: each folder pins one of them."""

from pathlib import Path

from command_line.go_builds import Binary, pinned_version

_HERE = Path(__file__).parent
_KUBERNETES_VERSION = pinned_version(_HERE / "kubernetes", "k8s.io/kubernetes")
_MAJOR, _MINOR, *_ = _KUBERNETES_VERSION.split(".")
_REDIS_EXPORTER_VERSION = pinned_version(_HERE / "redis-exporter", "github.com/oliver006/redis_exporter")

KUBERNETES = Binary(
    _HERE / "kubernetes",
    (
        "kubernetes",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "kubectl",
        "network-policies",
    ),
    # What `kubectl version` and the nodes say; clients and the provider choose their ways by it.
    stamp={
        f"k8s.io/{package}/version.git{part}": value
        for package in ("component-base", "client-go/pkg")
        for part, value in (("Version", f"v{_KUBERNETES_VERSION}"), ("Major", _MAJOR), ("Minor", _MINOR))
    },
)
COREDNS = Binary(_HERE / "coredns", ("coredns",))
INGRESS_NGINX = Binary(
    _HERE / "ingress-nginx-controller", ("nginx-ingress-controller",), "k8s.io/ingress-nginx/cmd/nginx"
)
REDIS_EXPORTER = Binary(
    _HERE / "redis-exporter",
    ("redis_exporter",),
    "github.com/oliver006/redis_exporter",
    {"main.BuildVersion": f"v{_REDIS_EXPORTER_VERSION}"},
)
CLUSTER_BINARIES = (INGRESS_NGINX, COREDNS, REDIS_EXPORTER, KUBERNETES)
