"""What drift says of a stack that was changed by hand, and whether `up` then does what it says."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ConfigMap,
    ContainerArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    SeccompProfileArgs,
    Secret,
    SecurityContextArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from command_line import pulumi_installation
from environment.cluster import make_namespace
from operations.drift.comparison import Consequence, Happened
from operations.drift.document import DriftReport, FieldDrift, StackDrift, as_json
from operations.drift.forms import markdown, terminal
from operations.drift.look import drift_of
from operations.local import PASSPHRASE
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

NAME = "drifting"
IMAGE, OTHER_IMAGE = "webtier.local/nginx:debian-12", "webtier.local/redis:debian-12"
PASSWORD, OTHER_PASSWORD = "planted-7gq2-password", "changed-9xw4-password"


class DriftingStack(ProgramStack):
    """A web service, whose Deployment overrides other managers, and a Deployment and more that do not."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        self.namespace = f"{NAME}-test"
        self._folder = folder
        super().__init__(tier, inline_stack(tier, NAME, folder, "webtier", self._program), self.namespace)

    def kubectl(self, *words: str, input: str | None = None) -> None:
        self.tier.kubectl("--namespace", self.namespace, *words, input=input)

    def drift(self, ignored: tuple[str, ...] = ()) -> StackDrift:
        found = pulumi_installation.find(self.tier.paths)
        assert found
        environment = {
            **self.tier.environment,
            **pulumi_installation.variables(found, self.tier.paths),
            "PULUMI_BACKEND_URL": f"file://{self._folder}/state",
        }
        # Whoever looks at night has no passphrase.
        environment["PULUMI_CONFIG_PASSPHRASE"] = ""
        return drift_of(NAME, environment, ignored)

    def up_with_refresh(self) -> str:
        """What the engine said of a failure, after which it goes on with the rest; empty if there was none."""
        try:
            self.up(refresh=True, continue_on_error=True)
        except automation.CommandError as error:
            return str(error)
        return ""

    def _program(self) -> None:
        cluster = provider(self.tier)
        own = pulumi.ResourceOptions(provider=cluster)
        namespace = make_namespace(self.namespace, holds_data=False, provider=cluster).metadata.name
        settings = WebServiceSettings.model_validate({"image": IMAGE, "replicas": 1})
        WebService("web", WebServiceArgs(settings, namespace), pulumi.ResourceOptions(providers=[cluster]))
        Deployment(
            "worker",
            metadata=ObjectMetaArgs(name="worker", namespace=namespace),
            spec=DeploymentSpecArgs(
                replicas=1, selector=LabelSelectorArgs(match_labels={"app": "worker"}), template=_sleeping_pod("worker")
            ),
            opts=own,
        )
        for name in ("settings", "gone", "touched"):
            metadata = ObjectMetaArgs(name=name, namespace=namespace, labels={"app": "settings"})
            ConfigMap(name, metadata=metadata, data={"size": "1", "colour": "red"}, opts=own)
        Secret(
            "credentials",
            metadata=ObjectMetaArgs(name="credentials", namespace=namespace),
            string_data={"password": pulumi.Output.secret(PASSWORD), "user": "app"},
            opts=own,
        )


def _sleeping_pod(app: str) -> PodTemplateSpecArgs:
    restricted = SecurityContextArgs(allow_privilege_escalation=False, capabilities=CapabilitiesArgs(drop=["ALL"]))
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels={"app": app}),
        spec=PodSpecArgs(
            termination_grace_period_seconds=0,
            security_context=PodSecurityContextArgs(
                run_as_non_root=True, run_as_user=1000, seccomp_profile=SeccompProfileArgs(type="RuntimeDefault")
            ),
            containers=[
                ContainerArgs(name="main", image=IMAGE, command=["sleep", "3600"], security_context=restricted)
            ],
        ),
    )


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DriftingStack]:
    made = DriftingStack(tier, tmp_path_factory.mktemp(NAME))
    with made.deployed(destroy=False):
        yield made


def fields(found: StackDrift) -> dict[tuple[str, str, str], FieldDrift]:
    return {
        (each.kind, each.place.rpartition("/")[2], field.path): field for each in found.objects for field in each.fields
    }


def who(field: FieldDrift) -> list[str]:
    return [f"{each.manager}{f'/{each.subresource}' if each.subresource else ''}" for each in field.by]


def ingress(name: str) -> str:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"http": {"paths": [{"path": f"/{name}", "pathType": "Prefix", "backend": backend}]}}
    made: Mapping[str, Any] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        # Of a class that nobody serves: this is about what is there.
        "spec": {"ingressClassName": NAME, "rules": [rule]},
    }
    return json.dumps(made)


def test_an_untouched_stack_has_none(stack: DriftingStack) -> None:
    found = stack.drift()
    assert (found.objects, found.foreign, found.not_read) == ([], [], [])
    assert found.looked_at == len([each for each in stack.resources() if each["type"].startswith("kubernetes:")])


def change_by_hand(stack: DriftingStack) -> None:
    stack.kubectl("set", "image", "deployment/web", f"web={OTHER_IMAGE}")
    stack.kubectl("set", "env", "deployment/web", f"COPIED={OTHER_PASSWORD}")
    stack.kubectl("rollout", "restart", "deployment/web")
    stack.kubectl("scale", "deployment/worker", "--replicas=2")
    stack.kubectl("label", "configmap/settings", "hand=yes")
    stack.kubectl("patch", "configmap/settings", "--patch", '{"data": {"size": "9", "shape": "round"}}')
    stack.kubectl("patch", "configmap/settings", "--type=json", "--patch", '[{"op": "remove", "path": "/data/colour"}]')
    stack.kubectl("annotate", "configmap/touched", "note=mine", "--field-manager=dashboard")
    stack.kubectl("delete", "configmap/gone")
    stack.kubectl("patch", "secret/credentials", "--patch", json.dumps({"stringData": {"password": OTHER_PASSWORD}}))
    stack.kubectl("apply", "--filename", "-", input=ingress("foreign"))


def test_what_hands_have_changed_is_told_field_by_field_with_who_and_what_up_does(stack: DriftingStack) -> None:
    change_by_hand(stack)
    found = stack.drift()
    told = fields(found)
    expected = {
        ("Deployment", "web", "spec.template.spec.containers[web].image"): ("kubectl-set", "put back"),
        ("Deployment", "web", "spec.template.spec.containers[web].env"): ("kubectl-set", "removed"),
        ("Deployment", "web", 'spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]'): (
            "kubectl-rollout",
            "removed",
        ),
        ("Deployment", "worker", "spec.replicas"): ("kubectl/scale", "conflict"),
        ("ConfigMap", "settings", "metadata.labels.hand"): ("kubectl-label", "removed"),
        ("ConfigMap", "settings", "data.size"): ("kubectl-patch", "put back"),
        ("ConfigMap", "settings", "data.shape"): ("kubectl-patch", "removed"),
        ("ConfigMap", "settings", "data.colour"): ("", "put back"),
        ("ConfigMap", "touched", "metadata.annotations.note"): ("dashboard", "kept"),
        ("Secret", "credentials", "data.password"): ("kubectl-patch", "put back"),
    }
    assert {key: (",".join(who(each)), each.consequence) for key, each in told.items()} == expected
    assert all(each.time for field in told.values() for each in field.by if not each.subresource)
    image = told["Deployment", "web", "spec.template.spec.containers[web].image"]
    assert (image.old, image.new) == (IMAGE, OTHER_IMAGE)
    colour = told["ConfigMap", "settings", "data.colour"]
    assert (colour.old, "new" in colour.model_fields_set) == ("red", False)
    gone = [each for each in found.objects if each.happened is Happened.GONE]
    assert [(each.place, each.consequence) for each in gone] == [(f"{stack.namespace}/gone", Consequence.CREATE)]
    [foreign] = found.foreign
    assert (foreign.kind, foreign.place) == ("Ingress", f"{stack.namespace}/foreign")
    assert [each.manager for each in foreign.by] == ["kubectl-client-side-apply"]


def test_no_secret_is_in_any_form(stack: DriftingStack) -> None:
    report = DriftReport(stacks=[stack.drift()])
    written = [as_json(report), markdown(report, 60_000), terminal(report)]
    assert all("credentials" in each and "(a secret)" in each for each in written)
    assert not [each for each in written for secret in (PASSWORD, OTHER_PASSWORD, PASSPHRASE) if secret in each]


def test_managers_can_be_ignored(stack: DriftingStack) -> None:
    found = fields(stack.drift(("kubectl-label", "dashboard")))
    assert ("ConfigMap", "settings", "data.size") in found
    assert ("ConfigMap", "settings", "metadata.labels.hand") not in found
    assert ("ConfigMap", "touched", "metadata.annotations.note") not in found


def test_up_does_what_was_said(stack: DriftingStack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stack.up() == {"same": len(stack.resources())}, "plain `up` looked at live objects"
    # It refuses what another manager owns, and does all else.
    assert 'conflict with "kubectl" with subresource "scale"' in stack.up_with_refresh()
    found = stack.drift()
    left = {key: each.consequence for key, each in fields(found).items()}
    assert left == {
        ("Deployment", "worker", "spec.replicas"): "conflict",
        ("ConfigMap", "touched", "metadata.annotations.note"): "kept",
    }
    assert [each.place for each in found.foreign] == [f"{stack.namespace}/foreign"]
    # As the advice says.
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    assert stack.up_with_refresh() == ""
    assert [*fields(stack.drift())] == [("ConfigMap", "touched", "metadata.annotations.note")]
    stack.kubectl("annotate", "configmap/touched", "note-")
    stack.kubectl("delete", "ingress/foreign")
    assert not stack.drift().has_drifted


def test_an_object_that_somebody_made_anew_is_told_as_such(stack: DriftingStack) -> None:
    stack.kubectl("delete", "configmap/gone")
    stack.kubectl("create", "configmap", "gone", "--from-literal=size=1", "--from-literal=colour=red")
    [found] = stack.drift().objects
    assert (found.happened, [each.manager for each in found.by]) == (Happened.REPLACED, ["kubectl-create"])
