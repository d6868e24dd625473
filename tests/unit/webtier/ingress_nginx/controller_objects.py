"""The objects of an `IngressNginx`, recorded."""

from typing import Any

from tests.unit.harness.recording import Recording, run_recorded
from webtier.ingress_nginx import IngressNginx, IngressNginxArgs, IngressNginxSettings

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
WEBHOOK = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"
CLASS = "kubernetes:networking.k8s.io/v1:IngressClass"
CONTROLLER = "ingress-nginx-controller"


def record(node_address: str | None = "10.0.0.1", watched: str | None = None, **settings: Any) -> Recording:
    """`watched` is the only namespace that is served, None for all."""
    args = IngressNginxArgs(
        IngressNginxSettings.model_validate(settings), settings.get("namespace", "ingress-nginx"), node_address, watched
    )
    return run_recorded(lambda: IngressNginx("ingress-nginx", args))


def pod(recording: Recording) -> dict[str, Any]:
    return recording.one(DEPLOYMENT, CONTROLLER).inputs["spec"]["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    return pod(recording)["containers"][0]


def outputs(recording: Recording) -> dict[str, Any]:
    return recording.outputs[recording.one("webtier:index:IngressNginx", "ingress-nginx").urn]


def webhooks(recording: Recording) -> list[dict[str, Any]]:
    """The one for Ingresses that are known to be its own, and the one for all others."""
    return recording.one(WEBHOOK, "ingress-nginx-admission").inputs["webhooks"]
