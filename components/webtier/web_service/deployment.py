"""The Deployment of a web service."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION, checksum
from webtier.shared.children import Children
from webtier.shared.scheduling import place
from webtier.shared.waiting import rolled_out, wait_for
from webtier.web_service.containers import MAIN, ProgramSettings, Sidecar
from webtier.web_service.settings import WebServiceSettings


def make_deployment(
    name: str,
    children: Children,
    settings: WebServiceSettings,
    selector: Mapping[str, str],
    *,
    config_map: pulumi.Input[str] | None,
    service_account: pulumi.Input[str],
) -> Deployment:
    """The Deployment; Pulumi waits until its pods are ready. `config_map` is None without files."""
    is_scaled = settings.autoscaling is not None
    annotations = wait_for(
        rolled_out(None if is_scaled else settings.replicas),
        labels=children.labels,
        # An autoscaler of before, or `kubectl scale`, goes on owning the number of pods, and a number that is set here
        # would be a conflict from then on.
        annotations={} if is_scaled else {"pulumi.com/patchForce": "true"},
    )
    return Deployment(
        name,
        metadata=children.metadata(name, annotations),
        spec=DeploymentSpecArgs(
            replicas=None if is_scaled else settings.replicas,
            revision_history_limit=5,
            min_ready_seconds=settings.rollout.min_ready_seconds or None,
            progress_deadline_seconds=settings.rollout.progress_deadline_seconds,
            selector=LabelSelectorArgs(match_labels=selector),
            strategy=settings.rollout.strategy(),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(
                    labels=children.labels,
                    # A file mounted by its name never changes in a running pod.
                    annotations={CONFIG_CHECKSUM_ANNOTATION: checksum(settings.files)} if settings.files else None,
                ),
                spec=_pod(settings, selector, config_map, service_account),
            ),
        ),
        # In a stack that had `replicas` before, leaving them out takes the field away, and Kubernetes' default is one
        # pod. Ignored, they stay as they are until the autoscaler sets them, and are never sent after that.
        opts=children.options(ignore_changes=["spec.replicas"] if is_scaled else None),
    )


def _pod(
    settings: WebServiceSettings,
    selector: Mapping[str, str],
    config_map: pulumi.Input[str] | None,
    service_account: pulumi.Input[str],
) -> PodSpecArgs:
    pod = PodSpecArgs(
        service_account_name=service_account,
        automount_service_account_token=settings.service_account.mount_token,
        enable_service_links=False,
        init_containers=[_container(each.name, each, settings) for each in settings.init_containers] or None,
        containers=[_main(settings), *(_sidecar(*each, settings) for each in sorted(settings.sidecars.items()))],
        security_context=settings.security.pod(),
        termination_grace_period_seconds=settings.rollout.termination_seconds,
        topology_spread_constraints=settings.spread.as_args(selector),
        volumes=settings.volumes.volumes(config_map),
    )
    return place(pod, settings.scheduling, settings.image_pull_secrets)


def _main(settings: WebServiceSettings) -> ContainerArgs:
    probes, numbers = settings.probes, {name: int(port.target) for name, port in settings.own_ports.items()}
    ports = {
        name: ContainerPortArgs(
            name=name, container_port=numbers[name], protocol=None if port.protocol == "TCP" else port.protocol
        )
        for name, port in settings.own_ports.items()
    }
    container = _container(MAIN, settings, settings, ports)
    container.startup_probe = probes.as_args(probes.startup, numbers, settings.probed_port)
    container.readiness_probe = probes.as_args(probes.readiness, numbers, settings.probed_port)
    container.liveness_probe = probes.as_args(probes.liveness, numbers, settings.probed_port)
    container.lifecycle = settings.rollout.drain()
    return container


def _sidecar(name: str, sidecar: Sidecar, settings: WebServiceSettings) -> ContainerArgs:
    ports = {port: ContainerPortArgs(name=port, container_port=number) for port, number in sidecar.ports.items()}
    container = _container(name, sidecar, settings, ports)
    # It may be what the service's last requests go through.
    container.lifecycle = settings.rollout.drain()
    return container


def _container(
    name: str,
    program: ProgramSettings,
    settings: WebServiceSettings,
    ports: Mapping[str, ContainerPortArgs] | None = None,
) -> ContainerArgs:
    return program.as_args(name, ports or {}, settings.volumes.mounts(), settings.security.container())
