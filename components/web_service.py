"""A web service: a Deployment behind a Service, rolled without a gap."""

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pulumi
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    HTTPGetActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    Service,
    ServicePortArgs,
    ServiceSpecArgs,
    SleepActionArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from components.shared.checksum import CONFIG_CHECKSUM_ANNOTATION, checksum
from components.shared.labels import recommended_labels, selector_labels
from components.shared.model import HttpPath, Image, NodePort, Port, Settings
from components.shared.quantities import ResourceAmounts, ResourceSettings
from components.shared.security import restricted_container, restricted_pod

RESOURCE_TYPE = "webtier:index:WebService"

_ABSOLUTE_PATH = re.compile(r"(/[A-Za-z0-9._@+-]+)+")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_absolute_path(path: str) -> str:
    if _ABSOLUTE_PATH.fullmatch(path) is None or posixpath.normpath(path) != path:
        raise PydanticCustomError(
            "absolute_path", "allowed: an absolute path without '..', such as '/etc/shop/shop.conf'"
        )
    return path


def _check_environment_name(name: str) -> str:
    if _ENVIRONMENT_NAME.fullmatch(name) is None:
        raise PydanticCustomError("environment_name", "allowed: letters, digits and '_', not beginning with a digit")
    return name


AbsolutePath = Annotated[str, AfterValidator(_check_absolute_path)]
EnvironmentName = Annotated[str, AfterValidator(_check_environment_name)]


class ProbeSettings(Settings):
    """How the kubelet asks a pod over HTTP whether it is ready and alive."""

    path: HttpPath = Field(default="/", description="Asked with GET; 200 to 399 is a yes.")
    period_seconds: int = Field(default=5, ge=1, le=300, description="Between two questions.")
    timeout_seconds: int = Field(default=2, ge=1, le=60, description="An answer later is a no.")
    startup_seconds: int = Field(
        default=60, ge=1, le=3600, description="A pod that has not answered by then is restarted."
    )


class RolloutSettings(Settings):
    """How new pods take the place of old ones."""

    max_surge: int = Field(default=1, ge=1, le=100, description="Pods above `replicas` meanwhile.")
    drain_seconds: int = Field(
        default=5,
        ge=0,
        le=300,
        description="An old pod goes on serving for so long while the cluster forgets its address.",
    )
    grace_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="From the beginning of the drain to the kill of what still runs.",
    )


class WebServiceSettings(Settings):
    """One web service. It runs as an ordinary user and serves HTTP on `container_port`."""

    image: Image = Field(description="The container image, with its tag or digest.")
    replicas: int = Field(default=2, ge=0, le=1000, description="Pods; 0 stops the service.")
    port: Port = Field(default=80, description="The Service's port inside the cluster.")
    container_port: int = Field(default=8080, ge=1024, le=65535, description="The port that the image listens on.")
    node_port: NodePort | None = Field(
        default=None, description="A port on every node for this service alone; null for none."
    )
    env: dict[EnvironmentName, str] = Field(default_factory=dict, description="Environment variables. Not for secrets.")
    files: dict[AbsolutePath, str] = Field(
        default_factory=dict,
        description="Files in the container, absolute path to text. A change rolls the pods.",
    )
    writable_paths: list[AbsolutePath] = Field(
        default=["/tmp"],  # noqa: S108 - in the container, not on this machine
        description="Empty folders that the image may write to; all else is read-only.",
    )
    run_as_user: int = Field(default=101, ge=1, description="The user id; never root.")
    probe: ProbeSettings = Field(default=ProbeSettings(), description="Readiness and liveness.")
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="10m", memory="32Mi"),
            limits=ResourceAmounts(memory="128Mi"),
        ),
        description="Requests and limits of one pod.",
    )
    rollout: RolloutSettings = Field(default=RolloutSettings(), description="Updates of the pods.")


@dataclass
class WebServiceArgs:
    """What a `WebService` is made from."""

    settings: WebServiceSettings
    namespace: pulumi.Input[str]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further labels of all objects, never part of a selector."""


class WebService(pulumi.ComponentResource):
    """A Deployment and its Service, both called as the component; label `app: <name>`."""

    service_name: pulumi.Output[str]
    """The Service's name in its namespace, known once it has a ready pod behind it."""
    port: pulumi.Output[int]
    """The Service's port."""
    url: pulumi.Output[str]
    """Where pods of the cluster reach it: `http://name.namespace.svc:port`."""

    def __init__(self, name: str, args: WebServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(RESOURCE_TYPE, name, None, opts)
        self._name = name
        self._args = args
        self._settings = args.settings
        # Immutable once deployed, so it is nothing that a setting could ever change.
        self._selector = {"app": name, **selector_labels("web-service", name)}
        self._labels = {**args.labels, "app": name, **recommended_labels("web-service", name)}

        self._deployment()
        service = self._service()
        if self._settings.replicas >= 2:
            self._disruption_budget()

        self.service_name = service.metadata.name
        self.port = pulumi.Output.from_input(self._settings.port)
        self.url = pulumi.Output.format(
            "http://{0}.{1}.svc:{2}",
            service.metadata.name,
            service.metadata.namespace,
            self._settings.port,
        )
        self.register_outputs({"service_name": self.service_name, "port": self.port, "url": self.url})

    def _metadata(self, annotations: Mapping[str, str] | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(
            name=self._name,
            namespace=self._args.namespace,
            labels=self._labels,
            annotations=annotations,
        )

    def _child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(depends_on),
            custom_timeouts=pulumi.CustomTimeouts(create="10m", update="10m", delete="5m"),
        )

    def _deployment(self) -> Deployment:
        settings = self._settings
        files = self._files()
        return Deployment(
            self._name,
            metadata=self._metadata(),
            spec=DeploymentSpecArgs(
                replicas=settings.replicas,
                revision_history_limit=5,
                selector=LabelSelectorArgs(match_labels=self._selector),
                strategy=DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=settings.rollout.max_surge),
                ),
                template=PodTemplateSpecArgs(
                    metadata=ObjectMetaArgs(
                        labels=self._labels,
                        # A file mounted by its name never changes in a running pod.
                        annotations={CONFIG_CHECKSUM_ANNOTATION: checksum(settings.files)} if settings.files else None,
                    ),
                    spec=PodSpecArgs(
                        automount_service_account_token=False,
                        enable_service_links=False,
                        containers=[self._container()],
                        security_context=restricted_pod(settings.run_as_user, fs_group=settings.run_as_user),
                        termination_grace_period_seconds=max(
                            settings.rollout.grace_seconds, settings.rollout.drain_seconds + 1
                        ),
                        topology_spread_constraints=[
                            self._spread_over("kubernetes.io/hostname"),
                            self._spread_over("topology.kubernetes.io/zone"),
                        ],
                        volumes=self._volumes(files),
                    ),
                ),
            ),
            opts=self._child(*([files] if files else [])),
        )

    def _container(self) -> ContainerArgs:
        settings = self._settings
        return ContainerArgs(
            name="web",
            image=settings.image,
            image_pull_policy="IfNotPresent",
            env=[EnvVarArgs(name=key, value=settings.env[key]) for key in sorted(settings.env)],
            ports=[ContainerPortArgs(name="http", container_port=settings.container_port)],
            startup_probe=self._probe(failures=-(-settings.probe.startup_seconds // settings.probe.period_seconds)),
            readiness_probe=self._probe(failures=2),
            liveness_probe=self._probe(failures=6),
            resources=settings.resources.as_args(),
            security_context=restricted_container(),
            lifecycle=self._drain(),
            volume_mounts=[
                *(
                    VolumeMountArgs(name="files", mount_path=path, sub_path=_file_key(path), read_only=True)
                    for path in sorted(settings.files)
                ),
                *(
                    VolumeMountArgs(name=_folder_name(path), mount_path=path)
                    for path in sorted(settings.writable_paths)
                ),
            ],
        )

    def _probe(self, failures: int) -> ProbeArgs:
        probe = self._settings.probe
        return ProbeArgs(
            http_get=HTTPGetActionArgs(path=probe.path, port="http"),
            period_seconds=probe.period_seconds,
            timeout_seconds=probe.timeout_seconds,
            failure_threshold=failures,
        )

    def _drain(self) -> LifecycleArgs | None:
        seconds = self._settings.rollout.drain_seconds
        if seconds == 0:
            return None
        # The kubelet's own sleep needs no shell in the image.
        return LifecycleArgs(pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=seconds)))

    def _spread_over(self, topology_key: str) -> TopologySpreadConstraintArgs:
        return TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=topology_key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=self._selector),
            # Else the pods of the outgoing revision push the new ones onto few nodes.
            match_label_keys=["pod-template-hash"],
        )

    def _files(self) -> ConfigMap | None:
        if not self._settings.files:
            return None
        return ConfigMap(
            f"{self._name}-files",
            metadata=ObjectMetaArgs(name=f"{self._name}-files", namespace=self._args.namespace, labels=self._labels),
            data={_file_key(path): text for path, text in self._settings.files.items()},
            opts=self._child(),
        )

    def _volumes(self, files: ConfigMap | None) -> list[VolumeArgs]:
        volumes = [
            VolumeArgs(name=_folder_name(path), empty_dir=EmptyDirVolumeSourceArgs())
            for path in sorted(self._settings.writable_paths)
        ]
        if files is not None:
            source = ConfigMapVolumeSourceArgs(name=files.metadata.name)
            volumes.insert(0, VolumeArgs(name="files", config_map=source))
        return volumes

    def _service(self) -> Service:
        settings = self._settings
        # Pulumi waits for a Service to have a pod behind it, which it never gets without replicas.
        annotations = {"pulumi.com/skipAwait": "true"} if settings.replicas == 0 else None
        return Service(
            self._name,
            metadata=self._metadata(annotations),
            spec=ServiceSpecArgs(
                type="ClusterIP" if settings.node_port is None else "NodePort",
                selector=self._selector,
                ports=[
                    ServicePortArgs(
                        name="http",
                        port=settings.port,
                        target_port="http",
                        node_port=settings.node_port,
                    )
                ],
            ),
            opts=self._child(),
        )

    def _disruption_budget(self) -> None:
        PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            spec=PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=LabelSelectorArgs(match_labels=self._selector),
                # A pod that is not ready serves nobody and must not block a drain.
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self._child(),
        )


def _short_hash(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:8]


def _file_key(path: str) -> str:
    # From the path alone: a key that moved when files are added would break running pods.
    name = re.sub(r"[^A-Za-z0-9._-]", "-", posixpath.basename(path))
    return f"{_short_hash(path)}-{name}"


def _folder_name(path: str) -> str:
    return f"writable-{_short_hash(path)}"
