"""The Prometheus exporter beside each Redis: its container, and the little it may ask Redis for."""

import json
from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    HTTPGetActionArgs,
    ProbeArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from webtier.redis_cluster.credentials.acl import EXPORTER_USER
from webtier.redis_cluster.credentials.tls import TlsFiles
from webtier.redis_cluster.pod.redis_conf import TLS_CA, TLS_CERTIFICATE, TLS_FOLDER, TLS_KEY
from webtier.redis_cluster.settings import MetricsSettings
from webtier.redis_common.conf import PORT
from webtier.shared.pods import secret_volume
from webtier.shared.prometheus.objects import METRICS, scrape_annotations
from webtier.shared.security import restricted_container

METRICS_PORT = 9121

PASSWORDS = "exporter.json"
"""The Secret's key with what `render_exporter_passwords` makes."""

_FOLDER = "/etc/webtier-redis/exporter"
_VOLUME = "exporter-auth"
_HOST = "127.0.0.1"


def render_exporter_passwords(password: str, address: str = f"{_HOST}:{PORT}") -> str:
    """The exporter's password file. It finds its password by the address that it dials, with or without TLS."""
    return json.dumps({f"{scheme}://{EXPORTER_USER}@{address}": password for scheme in ("redis", "rediss")})


def exporter_containers(settings: MetricsSettings, tls: TlsFiles | None = None) -> list[ContainerArgs]:
    """For a Redis pod; none when there are to be no metrics."""
    if not settings.enabled:
        return []
    return [
        ContainerArgs(
            name=METRICS,
            image=settings.image,
            image_pull_policy="IfNotPresent",
            args=exporter_arguments(f"{_HOST}:{PORT}", f"{_FOLDER}/{PASSWORDS}", None if tls is None else TLS_FOLDER),
            ports=[ContainerPortArgs(name=METRICS, container_port=METRICS_PORT)],
            # Asked for that address, it reads its password file again: a new password needs no restart. There is
            # no readiness probe, since a Redis without metrics is as ready as ever.
            liveness_probe=ProbeArgs(
                http_get=HTTPGetActionArgs(path="/-/reload", port=METRICS),
                period_seconds=60,
                # It answers no sooner than a scrape that runs has ended.
                timeout_seconds=10,
                failure_threshold=3,
            ),
            resources=settings.resources.as_args(),
            security_context=restricted_container(),
            volume_mounts=[
                VolumeMountArgs(name=_VOLUME, mount_path=_FOLDER, read_only=True),
                *([] if tls is None else [tls.mount()]),
            ],
        )
    ]


def exporter_volumes(settings: MetricsSettings, secret: pulumi.Input[str]) -> list[VolumeArgs]:
    """The exporter's own password alone, out of the Secret with everybody's."""
    return [secret_volume(_VOLUME, secret, [PASSWORDS])] if settings.enabled else []


def exporter_annotations(settings: MetricsSettings) -> dict[str, str]:
    """For a Redis pod, so that its exporter is found."""
    return scrape_annotations(METRICS_PORT) if settings.enabled else {}


def exporter_arguments(address: str, password_file: str, tls: str | None = None) -> Sequence[str]:
    """The command line for the Redis at `address`, `host:port`; `tls` is the folder with its certificate.

    That must be valid for the address' host. Its files are read at every scrape: renewed ones need no restart.
    """
    files = (("ca-cert", TLS_CA), ("client-cert", TLS_CERTIFICATE), ("client-key", TLS_KEY))
    secured = [] if tls is None else [f"--tls-{option}-file={tls}/{name}" for option, name in files]
    return [
        f"--redis.addr={'redis' if tls is None else 'rediss'}://{address}",
        f"--redis.user={EXPORTER_USER}",
        f"--redis.password-file={password_file}",
        # CONFIG would show it every setting, the passwords among them.
        "--config-command=-",
        # A hundred series for each command; INFO has the percentiles.
        "--exclude-latency-histogram-metrics",
        "--redis-only-metrics",
        # Less than Prometheus waits, so that a Redis that hangs is told apart from an exporter that does.
        "--connection-timeout=5s",
        *secured,
    ]
