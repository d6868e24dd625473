"""The Secrets of a cluster: what Redis accepts, what its own programs log in with, what the application needs."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from webtier.redis_cluster.credentials.acl import (
    AGENT_USER,
    APPLICATION_USER,
    EXPORTER_USER,
    REPLICATION_USER,
    InternalPasswords,
    render_acl_file,
)
from webtier.redis_cluster.monitoring.exporter import PASSWORDS, render_exporter_passwords
from webtier.redis_cluster.parts import ClusterParts
from webtier.redis_cluster.pod.redis_conf import ACL_FILE, REPLICATION_FILE, render_replication_conf
from webtier.shared.kept_secret import keep_secret, kept_text

_SEED = "seed"


@dataclass(frozen=True)
class AuthSecret:
    """A cluster's Secret, and a mark that is another one with other contents.

    It is made with a key that only the cluster and the stack's state have, so that it tells nothing of the passwords,
    and a preview knows it.
    """

    secret: Secret
    mark: pulumi.Output[str]


def make_auth_secret(
    parts: ClusterParts, password: pulumi.Output[str], previous_password: pulumi.Output[str | None]
) -> AuthSecret:
    """For the pods: the ACL file, with hashes, and the passwords of the cluster's own users.

    The application's previous password is accepted too, as long as some clients still use it.
    """
    seed = _seed(parts)
    passwords = pulumi.Output.all(seed, password, previous_password)
    contents = pulumi.Output.secret(passwords.apply(lambda values: _render(parts, *values)))
    mark = pulumi.Output.unsecret(pulumi.Output.all(seed, contents).apply(lambda values: _mark(*values)))
    return AuthSecret(_secret(parts, f"{parts.name}-auth", contents), mark)


def _mark(seed: str, contents: Mapping[str, str]) -> str:
    text = json.dumps(contents, sort_keys=True)
    return hmac.new(seed.encode(), f"mark of contents: {text}".encode(), hashlib.sha256).hexdigest()


def make_application_secret(parts: ClusterParts, password: pulumi.Output[str]) -> None:
    """For the application's pods: `username` and `password`."""
    _secret(parts, f"{parts.name}-app", {"username": APPLICATION_USER, "password": password})


def _secret(parts: ClusterParts, name: str, data: pulumi.Input[Mapping[str, pulumi.Input[str]]]) -> Secret:
    return Secret(name, metadata=parts.metadata(name), string_data=data, opts=parts.options())


def _seed(parts: ClusterParts) -> pulumi.Output[str]:
    name = f"{parts.name}-internal"
    offered = {_SEED: secrets.token_hex(32).encode()}
    return kept_text(keep_secret(name, parts, offered, name=name, type_=None), _SEED)


def _render(parts: ClusterParts, seed: str, current: str, previous: str | None) -> dict[str, str]:
    settings = parts.settings
    internal = InternalPasswords(seed, settings.internal_password_generation)
    accepted = [current] if previous is None else [current, previous]
    return {
        ACL_FILE: render_acl_file(accepted, settings.application_acl, internal),
        REPLICATION_FILE: render_replication_conf(internal.current(REPLICATION_USER)),
        PASSWORDS: render_exporter_passwords(internal.current(EXPORTER_USER)),
        **{user: internal.current(user) for user in (REPLICATION_USER, AGENT_USER, EXPORTER_USER)},
    }
