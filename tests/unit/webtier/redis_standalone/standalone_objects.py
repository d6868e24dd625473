"""The objects of a single Redis called `sessions`, as they would be sent."""

import base64
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from tests.unit.harness.recording import Recording, run_recorded
from webtier.redis_standalone import RedisStandalone, RedisStandaloneArgs, RedisStandaloneSettings

SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def record(settings: dict[str, Any] | None = None, **arguments: Any) -> Recording:
    """The component in a namespace that the same program makes."""

    def program() -> None:
        namespace = Namespace("shop", metadata=ObjectMetaArgs(name="shop"))
        redis = RedisStandalone(
            "sessions",
            RedisStandaloneArgs(
                settings=RedisStandaloneSettings.model_validate(settings or {}),
                namespace=namespace.metadata.name,
                **arguments,
            ),
        )
        for output in ("endpoint", "access_port", "external_endpoint", "password"):
            pulumi.export(output, getattr(redis, output))

    return run_recorded(program)


def auth_files(recording: Recording) -> dict[str, str]:
    data = recording.one(SECRET, "sessions-auth").inputs["data"]
    return {name: base64.b64decode(text).decode() for name, text in data.items()}
