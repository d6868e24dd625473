"""Everything about a web service that is plain data, checked as a whole when it is made."""

import itertools
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from webtier.service_exposure.ports import ServicePort, ServicePorts, main_port
from webtier.service_exposure.settings import ClusterIpExposure, PodExposure, check_ports
from webtier.shared.model import AbsolutePath, DnsLabel, DnsName, LabelValue, Moved
from webtier.shared.problems import Place, wrong_setting
from webtier.shared.scheduling import SchedulingSettings
from webtier.shared.user_labels import UserLabels
from webtier.web_service.autoscaling import AutoscalingSettings
from webtier.web_service.availability import BudgetSettings, RolloutSettings, SpreadSettings
from webtier.web_service.containers import MAIN, InitContainer, ProgramSettings, Sidecar
from webtier.web_service.pod_settings import SecuritySettings, ServiceAccountSettings
from webtier.web_service.probes import ExecCheck, ProbesSettings
from webtier.web_service.volumes import Volumes


class WebServiceSettings(ProgramSettings):
    """One web service. It runs as an ordinary user and serves on its `ports`."""

    moved: ClassVar[Moved] = Moved(
        gone={
            "port": "ports.http.port",
            "container_port": "ports.http.target_port",
            "node_port": "ports.http.node_port, with exposure: {kind: node_port}",
            "run_as_user": "security.run_as_user",
            "probe": "probes, its path to probes.check: {kind: http, path: …}",
        }
    )

    app: DnsLabel | None = Field(
        default=None,
        description="The application that this is a version of, for the label `app.kubernetes.io/name`; null for the "
        "service's name without a final `-v<number>`.",
    )
    version: Annotated[LabelValue, Field(min_length=1)] | None = Field(
        default=None,
        description="Its version, for the label `app.kubernetes.io/version`; null for the final `v<number>` of the "
        "service's name, if it has one.",
    )
    labels: UserLabels = Field(default_factory=dict, description="Labels of your own, on all its objects and pods.")
    replicas: int = Field(
        default=2, ge=0, le=1000, description="Pods; 0 stops the service. Not together with `autoscaling`."
    )
    autoscaling: AutoscalingSettings | None = Field(
        default=None, description="As many pods as their load asks for; null for `replicas`."
    )
    ports: ServicePorts = Field(
        default={"http": ServicePort(port=80, target_port=8080)}, description="The ports that it serves on, by name."
    )
    exposure: PodExposure = Field(
        default=ClusterIpExposure(kind="cluster_ip"), description="How its Service is reached."
    )
    probes: ProbesSettings = Field(
        default=ProbesSettings(), description="How a pod is asked whether it has started, is ready and is alive."
    )
    budget: BudgetSettings | None = Field(
        default=BudgetSettings(max_unavailable=1),
        description="How many pods an eviction has to leave, with two pods or more; null for any.",
    )
    spread: SpreadSettings = Field(default=SpreadSettings(), description="How evenly the pods are spread.")
    rollout: RolloutSettings = Field(default=RolloutSettings(), description="Updates of the pods.")
    files: dict[AbsolutePath, str] = Field(
        default_factory=dict, description="Files in the containers, absolute path to text. A change rolls the pods."
    )
    secret_files: dict[AbsolutePath, DnsName] = Field(
        default_factory=dict,
        description="Folders in the containers with a file for each key of a Secret, absolute path to its name.",
    )
    writable_paths: list[AbsolutePath] = Field(
        default=["/tmp"],  # noqa: S108 - in the container, not on this machine
        description="Empty folders that the containers may write to; all else is read-only.",
    )
    init_containers: list[InitContainer] = Field(
        default_factory=list[InitContainer], description="Containers that run before the service, one after another."
    )
    sidecars: dict[DnsLabel, Sidecar] = Field(
        default_factory=dict, description="Containers that run beside the service, by name."
    )
    security: SecuritySettings = Field(default=SecuritySettings(), description="As whom the containers run.")
    service_account: ServiceAccountSettings = Field(
        default=ServiceAccountSettings(), description="Whose rights the pods have in the cluster."
    )
    scheduling: SchedulingSettings = Field(
        default=SchedulingSettings(), description="Which nodes the pods may run on, and before whom."
    )
    image_pull_secrets: list[DnsName] = Field(
        default_factory=list, description="Secrets of the namespace with which nodes pull the images."
    )

    @property
    def fewest_pods(self) -> int:
        """As many as there always are, unless something is wrong."""
        return self.replicas if self.autoscaling is None else self.autoscaling.min

    @property
    def volumes(self) -> Volumes:
        """What every container finds in its file system."""
        return Volumes(self.files, self.secret_files, self.writable_paths)

    @property
    def own_ports(self) -> dict[str, ServicePort]:
        """The ports that the main container answers, by name; of two for the same number the first."""
        numbers: dict[tuple[int | str, str], str] = {}
        for name, port in sorted(self.ports.items()):
            if isinstance(port.target, int):
                numbers.setdefault((port.target, port.protocol), name)
        return {name: self.ports[name] for name in numbers.values()}

    @property
    def targets(self) -> dict[str, str]:
        """The name of the container's port that answers each of the Service's."""
        named = {(port.target, port.protocol): name for name, port in self.own_ports.items()}
        return {name: named.get((port.target, port.protocol), str(port.target)) for name, port in self.ports.items()}

    @property
    def probed_port(self) -> str:
        """The name of the port that probes ask which name none; empty where no port is for TCP."""
        found = main_port(self.own_ports)
        return found[0] if found else ""

    @model_validator(mode="after")
    def _pods_are_counted_once(self) -> "WebServiceSettings":
        if self.autoscaling is not None and "replicas" in self.model_fields_set:
            raise wrong_setting(
                ("replicas",),
                "autoscaling is set too, and would change it back and forth with every deployment; allowed: one of "
                "the two",
                self.replicas,
            )
        if self.budget is not None and self.fewest_pods > 0:
            self.budget.check_against(self.fewest_pods)
        programs: dict[Place, ProgramSettings] = {(): self}
        programs |= {("sidecars", name): sidecar for name, sidecar in self.sidecars.items()}
        resources = self.autoscaling.targets() if self.autoscaling else ()
        for resource, (place, program) in itertools.product(resources, programs.items()):
            if resource not in program.resources.requests.as_mapping():
                raise wrong_setting(
                    (*place, "resources", "requests", resource),
                    f"autoscaling.{resource}_percent is a part of it; allowed: a request in every container",
                    None,
                )
        return self

    @model_validator(mode="after")
    def _ports_are_answered(self) -> "WebServiceSettings":
        check_ports(self.ports, self.exposure)
        listening: dict[int, str] = {}
        names: dict[str, str] = {}
        for place, name, number in self._listeners():
            container = place[1] if place[0] == "sidecars" else MAIN
            if names.setdefault(name, str(container)) != container:
                raise wrong_setting(
                    place, f"the container '{names[name]}' has a port of this name too; allowed: another name", number
                )
            if listening.setdefault(number, str(container)) != container:
                raise wrong_setting(
                    place,
                    f"the container '{listening[number]}' listens on it too, and they share an address; allowed: "
                    "another number",
                    number,
                )
            lowest = self.security.unprivileged_ports_from
            if number < lowest:
                raise wrong_setting(
                    place,
                    f"no container may listen below {lowest}; allowed: a number from {lowest} to 65535, or a lower "
                    "security.unprivileged_ports_from",
                    number,
                )
        for name, port in self.ports.items():
            if isinstance(port.target_port, str) and port.target_port not in names:
                raise wrong_setting(
                    ("ports", name, "target_port"),
                    f"no container has a port of this name; allowed: a number, or one of {', '.join(sorted(names))}",
                    port.target_port,
                )
        return self

    def _listeners(self) -> Iterator[tuple[Place, str, int]]:
        """Where each container's ports stand, their names and numbers."""
        for name, port in self.own_ports.items():
            key = "port" if port.target_port is None else "target_port"
            yield ("ports", name, key), name, int(port.target)
        for sidecar, settings in self.sidecars.items():
            for name, number in settings.ports.items():
                yield ("sidecars", sidecar, "ports", name), name, number

    @model_validator(mode="after")
    def _probes_ask_a_port(self) -> "WebServiceSettings":
        own = {name: port for name, port in self.own_ports.items() if port.protocol == "TCP"}
        for place, check in self.probes.checks():
            if isinstance(check, ExecCheck):
                continue
            if check.port is None and not self.probed_port:
                raise wrong_setting(
                    ("probes", *place, "kind"),
                    "the service has no TCP port that could be asked; allowed: a check of the kind 'exec'",
                    check.kind,
                )
            if check.port is not None and check.port not in own:
                known = ", ".join(own) or "none is for TCP"
                raise wrong_setting(
                    ("probes", *place, "port"),
                    f"allowed: a port for TCP that the service answers itself: {known}",
                    check.port,
                )
        return self

    @model_validator(mode="after")
    def _containers_can_be(self) -> "WebServiceSettings":
        taken = {MAIN: "the service's own", **{name: f"sidecars.{name}" for name in self.sidecars}}
        if MAIN in self.sidecars:
            raise wrong_setting(
                ("sidecars", MAIN), "the service's own container is called so; allowed: another name", MAIN
            )
        for position, container in enumerate(self.init_containers):
            if container.name in taken:
                raise wrong_setting(
                    ("init_containers", position, "name"),
                    f"{taken[container.name]} container is called so; allowed: another name",
                    container.name,
                )
            taken[container.name] = f"init_containers[{position}]"
        self.volumes.check()
        return self


def application_and_version(name: str, settings: WebServiceSettings) -> tuple[str, str | None]:
    """What a service is a version of, and which: `user-v1` is version v1 of `user` if its settings say nothing else."""
    stem, dash, last = name.rpartition("-")
    if dash and last[:1] == "v" and last[1:2].isdigit():
        return settings.app or stem, settings.version or last
    return settings.app or name, settings.version
