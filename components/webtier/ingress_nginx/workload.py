"""The controller's Deployment. Flags and probes are those that releases 1.11 to 1.15 share."""

import pulumi
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ContainerArgs,
    ContainerPortArgs,
    ExecActionArgs,
    HTTPGetActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from webtier.ingress_nginx.access import grant_access
from webtier.ingress_nginx.admission.webhook import CERTIFICATE_FOLDER, WEBHOOK_PORT
from webtier.ingress_nginx.controller import Controller
from webtier.shared.checksum import CONFIG_CHECKSUM_ANNOTATION, checksum
from webtier.shared.pods import HOST_TOPOLOGY, ZONE_TOPOLOGY, pod_field, secret_volume, spread
from webtier.shared.prometheus.objects import METRICS, scrape_annotations
from webtier.shared.security import restricted_container, restricted_pod
from webtier.shared.waiting import rolled_out, wait_for

METRICS_PORT = 10254
"""It answers for health on the same port."""

_UID = 101


def _status_flag(controller: Controller) -> str:
    """Which address the controller writes to the status of every Ingress.

    Nothing else ever sets the status on a NodePort, and Pulumi waits for it.
    """
    if controller.settings.service_type == "NodePort" and controller.node_address is not None:
        return f"--publish-status-address={controller.node_address}"
    return f"--publish-service=$(POD_NAMESPACE)/{controller.name}"


def _flags(controller: Controller, config: ConfigMap, certificate: pulumi.Input[str] | None) -> list[pulumi.Input[str]]:
    settings, watched = controller.settings, controller.watched
    return [
        "/nginx-ingress-controller",
        f"--election-id={controller.election_id}",
        f"--controller-class={settings.controller_value}",
        f"--ingress-class={settings.class_name}",
        pulumi.Output.concat("--configmap=$(POD_NAMESPACE)/", config.metadata.name),
        f"--watch-ingress-without-class={str(settings.default_class).lower()}",
        f"--validating-webhook=:{WEBHOOK_PORT}",
        f"--validating-webhook-certificate={CERTIFICATE_FOLDER}/cert",
        f"--validating-webhook-key={CERTIFICATE_FOLDER}/key",
        "--enable-annotation-validation=true",
        f"--enable-metrics={str(settings.metrics.enabled).lower()}",
        # Else requests are counted only for the hosts that rules name, and not for rules without a host.
        "--metrics-per-host=false",
        f"--shutdown-grace-period={settings.drain_seconds}",
        "--post-shutdown-grace-period=0",
        # Pulumi waits for each Ingress's address, and would wait a minute at the default of 60.
        "--status-update-interval=5",
        _status_flag(controller),
        *([] if watched is None else [pulumi.Output.concat("--watch-namespace=", watched)]),
        *([] if certificate is None else [pulumi.Output.concat("--default-ssl-certificate=", certificate)]),
    ]


def _probe(failures: int, period_seconds: int) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path="/healthz", port=METRICS_PORT),
        # It answers before the first configuration is loaded: asked after one second, a roll of
        # the controller gave 503s.
        initial_delay_seconds=10,
        period_seconds=period_seconds,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def _container(controller: Controller, flags: list[pulumi.Input[str]]) -> ContainerArgs:
    return ContainerArgs(
        name="controller",
        image=controller.settings.image,
        image_pull_policy="IfNotPresent",
        args=flags,
        env=[pod_field("POD_NAME", "metadata.name"), pod_field("POD_NAMESPACE", "metadata.namespace")],
        ports=[
            ContainerPortArgs(name="http", container_port=80),
            ContainerPortArgs(name="https", container_port=443),
            ContainerPortArgs(name="webhook", container_port=WEBHOOK_PORT),
            ContainerPortArgs(name=METRICS, container_port=METRICS_PORT),
        ],
        readiness_probe=_probe(failures=3, period_seconds=5),
        liveness_probe=_probe(failures=5, period_seconds=10),
        lifecycle=LifecycleArgs(
            # It returns when the last connection is done, and only then the kubelet signals.
            pre_stop=LifecycleHandlerArgs(exec_=ExecActionArgs(command=["/wait-shutdown"]))
        ),
        resources=controller.settings.resources.as_args(),
        security_context=restricted_container(
            # It writes its configuration next to the template it is made from.
            read_only_root=False,
            # The official image's executables carry it as a file capability.
            add_net_bind_service=True,
        ),
        volume_mounts=[VolumeMountArgs(name="webhook-certificate", mount_path=CERTIFICATE_FOLDER, read_only=True)],
    )


def make_controller(
    controller: Controller, certificate_secret: pulumi.Input[str], default_certificate: pulumi.Input[str] | None
) -> Deployment:
    """The Deployment with its account and its ConfigMap; Pulumi waits until its controllers are ready.

    Another certificate of the webhook is in a Secret of another name, so that it rolls the controllers.
    `default_certificate` is `namespace/name` of a Secret; None for the one that each controller makes at its start.
    """
    settings, children, name = controller.settings, controller.children, controller.name
    account, bindings = grant_access(controller)
    data = settings.config_data
    config = ConfigMap(name, metadata=children.metadata(name), data=data, opts=children.options())
    annotations = {
        **(scrape_annotations(METRICS_PORT) if settings.metrics.enabled else {}),
        # It reads its configuration at its start, and then follows the watched namespaces alone.
        **({} if controller.watched is None else {CONFIG_CHECKSUM_ANNOTATION: checksum(data)}),
    }
    return Deployment(
        name,
        metadata=children.metadata(name, wait_for(rolled_out(settings.replicas), labels=children.labels)),
        spec=DeploymentSpecArgs(
            replicas=settings.replicas,
            # Ingresses are sent once the controller is available, and by then the API server has to reach its webhook.
            min_ready_seconds=2,
            revision_history_limit=5,
            selector=LabelSelectorArgs(match_labels=controller.selector),
            strategy=DeploymentStrategyArgs(
                type="RollingUpdate", rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1)
            ),
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(labels=children.labels, annotations=annotations or None),
                spec=PodSpecArgs(
                    service_account_name=account.metadata.name,
                    automount_service_account_token=True,
                    enable_service_links=False,
                    containers=[_container(controller, _flags(controller, config, default_certificate))],
                    security_context=restricted_pod(_UID, fs_group=_UID, unprivileged_ports_from=0),
                    termination_grace_period_seconds=settings.grace_seconds,
                    topology_spread_constraints=[
                        spread(HOST_TOPOLOGY, controller.selector),
                        spread(ZONE_TOPOLOGY, controller.selector),
                    ],
                    volumes=[secret_volume("webhook-certificate", certificate_secret)],
                ),
            ),
        ),
        opts=children.options(*bindings),
    )
