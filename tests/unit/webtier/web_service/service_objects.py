"""A `WebService` as it would be sent to the cluster."""

from typing import Any

from tests.unit.harness.recording import Recording, run_recorded
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
IMAGE = "webtier.local/nginx:debian-12"


def record(name: str = "user-v1", /, **settings: Any) -> Recording:
    args = WebServiceArgs(WebServiceSettings(image=IMAGE, **settings), "shop", {"team": "blue"})
    return run_recorded(lambda: WebService(name, args))


def pod(recording: Recording, name: str = "user-v1") -> dict[str, Any]:
    return recording.one(DEPLOYMENT, name).inputs["spec"]["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    return pod(recording)["containers"][0]
