"""TLS for clients, replication and the cluster bus: the Secret with the certificate, and where it is mounted."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret, VolumeArgs, VolumeMountArgs

from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import TLS_CA, TLS_FOLDER
from webtier.redis_cluster.tls_settings import GeneratedTls
from webtier.shared.certificates import Pair, issue
from webtier.shared.kept_secret import TLS_TYPE, keep_authority, public_text, secret_text, tls_data
from webtier.shared.pods import secret_volume

_VOLUME = "tls"


@dataclass(frozen=True)
class TlsFiles:
    """What a pod mounts. `ca` is the CA's certificate in PEM for clients, None where somebody else keeps it."""

    secret: pulumi.Input[str]
    ca: pulumi.Output[str] | None

    def mount(self) -> VolumeMountArgs:
        return VolumeMountArgs(name=_VOLUME, mount_path=TLS_FOLDER, read_only=True)

    def volume(self) -> VolumeArgs:
        return secret_volume(_VOLUME, self.secret)


def make_tls_files(parts: ClusterParts) -> TlsFiles | None:
    """None when the settings want no TLS."""
    tls = parts.settings.tls
    if tls is None:
        return None
    if not isinstance(tls, GeneratedTls):
        return TlsFiles(tls.name, None)
    authority = keep_authority(f"{parts.name}-ca", parts, parts.name)
    name = f"{parts.name}-tls"
    data = pulumi.Output.all(authority, parts.namespace).apply(lambda both: _render(parts, tls, both[0], both[1]))
    secret = Secret(
        name, metadata=parts.metadata(name), type=TLS_TYPE, data=pulumi.Output.secret(data), opts=parts.options()
    )
    return TlsFiles(secret.metadata.name, public_text(authority))


def _render(parts: ClusterParts, tls: GeneratedTls, authority: Pair, namespace: str) -> dict[str, str]:
    domain = f"{namespace}.svc.{parts.settings.cluster_domain}"
    client = [parts.name, f"{parts.name}.{namespace}", f"{parts.name}.{namespace}.svc", f"{parts.name}.{domain}"]
    names = [f"*.{parts.nodes_service}.{domain}", *client, "localhost", "127.0.0.1", *tls.names]
    leaf = issue(authority, f"webtier {parts.name}", names, tls.generation, client=True)
    return {TLS_CA: secret_text(authority.certificate), **tls_data(leaf)}
