"""The program of a stack, as it runs against an engine that only records."""

import runpy
from functools import cache

import pytest

from tests.unit.environment.stack_files import PASSWORD, PROJECT, engine_config
from tests.unit.harness.recording import Recording, run_recorded

NAMESPACE = "kubernetes:core/v1:Namespace"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
SERVICE = "kubernetes:core/v1:Service"
AMBIENT_KUBECONFIG = "/home/somebody/.kube/config"


@pytest.fixture(autouse=True)
def files_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "redis-password").write_text(PASSWORD)
    (folder / "kubeconfig").touch()
    monkeypatch.setenv("WEBTIER_KUBECONFIG", str(folder / "kubeconfig"))
    monkeypatch.setenv("KUBECONFIG", AMBIENT_KUBECONFIG)
    monkeypatch.setenv("WEBTIER_REDIS_PASSWORD_FILE", str(folder / "redis-password"))


def run(stack: str, **changes: str) -> Recording:
    """A run of the stack's program with these settings, as the engine would hand them over."""
    config = {**engine_config(stack), **{f"webtier:{key}": value for key, value in changes.items()}}
    return run_recorded(
        lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"),
        config=config,
        secret_config=["webtier:redis_password"],
        stack=stack,
    )


@cache
def recorded(stack: str) -> Recording:
    return run(stack)
