"""What users may set about the controller."""

from typing import Annotated, ClassVar, Literal, cast

from pydantic import Field, ValidationInfo, field_validator, model_validator

from webtier.ingress_nginx.controller_config.config_checks import (
    FIXED_CONFIG,
    RISK_LEVEL,
    config_problems,
    release_notes,
)
from webtier.service_exposure.ports import ServicePort
from webtier.service_exposure.settings import LoadBalancerExposure, LoadBalancerFields, NodePortExposure
from webtier.shared.addresses import RuleHost
from webtier.shared.model import DnsLabel, DnsName, Image, Moved, NodePort, Settings, text_type
from webtier.shared.problems import Problem, wrong_settings
from webtier.shared.prometheus.settings import PrometheusOperatorSettings
from webtier.shared.quantities import ResourceAmounts, ResourceSettings

_RETIRED = (
    "upstream ended ingress-nginx in March 2026, so that it no longer receives security fixes; accept_retired: true "
    "says that this is known, and docs/ingress.md what else there is"
)


# The longest that the API server takes for an IngressClass.
ControllerValue = Annotated[
    str,
    text_type(
        r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(/[A-Za-z0-9._-]+)+",
        "a DNS name, '/' and a path, at most 250 characters, such as 'k8s.io/ingress-nginx'",
        longest=250,
    ),
]


class GeneratedCertificate(Settings):
    """A certificate made by the program, from a CA that is made once and kept in the cluster."""

    kind: Literal["generated"] = Field(description="The program makes the certificate.")
    names: list[RuleHost] = Field(
        min_length=1, max_length=100, description="The hosts that it is for; also `*.` and a host."
    )
    generation: int = Field(
        default=1, ge=1, description="Raise it by one for another certificate and key, without a restart."
    )


class SecretCertificate(Settings):
    """A certificate that somebody else keeps, such as cert-manager. Its renewals are followed without a restart."""

    kind: Literal["secret"] = Field(description="The certificate is in a Secret that exists.")
    name: DnsName = Field(
        description="The Secret, with `tls.crt` and `tls.key`, in the namespace that is watched, and in the "
        "controller's own where all are. While it is missing the controller shows one of its own."
    )


DefaultCertificate = Annotated[GeneratedCertificate | SecretCertificate, Field(discriminator="kind")]


class ControllerMetricsSettings(Settings):
    """What the controllers say about requests, certificates and themselves."""

    enabled: bool = Field(
        default=True,
        description="Whether each controller counts requests, and has a Service and alert rules for Prometheus. It "
        "answers on port 10254.",
    )
    prometheus_operator: PrometheusOperatorSettings = Field(
        default=PrometheusOperatorSettings(), description="For clusters where the Prometheus operator runs."
    )


class IngressNginxSettings(Settings):
    """The ingress-nginx controller and how it is reached."""

    moved: ClassVar[Moved] = Moved(keys={"shutdown_delay_seconds": "drain_seconds"})

    image: Image = Field(
        default="registry.k8s.io/ingress-nginx/controller:v1.15.1",
        description="The controller's image; its entrypoint has to run the arguments.",
    )
    replicas: int = Field(default=2, ge=1, le=100, description="Controllers. With two or more, one may be evicted.")
    namespace: DnsLabel = Field(
        default="ingress-nginx", description="The controller's own namespace, made by the stack."
    )
    class_name: DnsName = Field(default="nginx", description="The IngressClass. Two controllers in a cluster need two.")
    controller_value: ControllerValue = Field(
        default="k8s.io/ingress-nginx", description="What ties the IngressClass to this controller."
    )
    default_class: bool = Field(
        default=False,
        description="Whether Ingresses that name no class are served too. Where all namespaces are watched, the "
        "cluster then gives them this class.",
    )
    default_certificate: DefaultCertificate | None = Field(
        default=None,
        description="For TLS to a host that has no certificate of its own; null for one that each controller makes at "
        "its start, and no client trusts.",
    )
    service_type: Literal["NodePort", "LoadBalancer"] = Field(
        default="NodePort", description="`NodePort`, or `LoadBalancer` where the cluster has one."
    )
    http_node_port: NodePort | None = Field(
        default=31234, description="Port on every node for HTTP; null lets the cluster choose."
    )
    https_node_port: NodePort | None = Field(
        default=31235, description="Port on every node for HTTPS; null lets the cluster choose."
    )
    external_traffic_policy: Literal["Cluster", "Local"] = Field(
        default="Cluster", description="`Local` keeps the client's address, but only nodes with a controller answer."
    )
    load_balancer: LoadBalancerFields = Field(
        default=LoadBalancerFields(), description="What the cloud is told, with `service_type: LoadBalancer`."
    )
    allow_external_auth: bool = Field(
        default=False,
        description="Whether a rule's `auth` may be of kind `external`. Annotations of risk level High are then taken, "
        "from every Ingress of the class, and else those up to Medium.",
    )
    config: dict[str, str] = Field(
        default_factory=dict,
        description="Further options of the controller's ConfigMap, all as text, by the names and in the units that "
        "ingress-nginx 1.11 to 1.15 has; no snippets.",
    )
    deletion_guard: bool = Field(
        default=True,
        description="Whether the API server refuses to change an Ingress of the class that is being deleted, which the "
        "admission webhook does not test: a ValidatingAdmissionPolicy, which needs Kubernetes 1.30 and the right to "
        "make one.",
    )
    drain_seconds: int = Field(
        default=10,
        ge=0,
        le=300,
        description="A leaving controller serves on for so long while nodes forget its address.",
    )
    grace_seconds: int = Field(
        default=300,
        ge=20,
        le=3600,
        description="From the end of a controller's life being asked for to the kill; open "
        "connections may last until shortly before.",
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="100m", memory="128Mi"), limits=ResourceAmounts(memory="512Mi")
        ),
        description="Requests and limits of one controller.",
    )

    metrics: ControllerMetricsSettings = Field(
        default=ControllerMetricsSettings(), description="What Prometheus gets to know."
    )
    accept_retired: bool = Field(
        default=False,
        description="Whether it is known and accepted that upstream ended this controller in March 2026, so that it "
        "no longer receives security fixes. A protected stack needs it; others get a warning without it.",
    )

    @field_validator("config", mode="before")
    @classmethod
    def _check_config(cls, given: object, info: ValidationInfo) -> object:
        if isinstance(given, dict):
            # Where the image is wrong itself, it does not say which release it is of.
            problems = list(config_problems(cast("dict[str, object]", given), info.data.get("image", "")))
            if problems:
                raise wrong_settings(problems)
        return cast("object", given)

    @model_validator(mode="after")
    def _load_balancer_is_one(self) -> "IngressNginxSettings":
        problems = [
            Problem(
                ("load_balancer", key),
                f"service_type is {self.service_type}; allowed: nothing, or service_type: LoadBalancer",
                value,
            )
            for key, value in self.load_balancer.model_dump(exclude_defaults=True).items()
        ]
        if problems and self.service_type != "LoadBalancer":
            raise wrong_settings(problems)
        return self

    def notes(self) -> list[str]:
        """What is allowed but may surprise: one sentence each, for the preview."""
        return [*([] if self.accept_retired else [_RETIRED]), *release_notes(self.config, self.image)]

    @property
    def exposure(self) -> NodePortExposure | LoadBalancerExposure:
        """How the controller's Service is reached."""
        policy = self.external_traffic_policy
        if self.service_type == "NodePort":
            return NodePortExposure(kind="node_port", external_traffic_policy=policy)
        return LoadBalancerExposure(
            kind="load_balancer", external_traffic_policy=policy, **self.load_balancer.model_dump()
        )

    @property
    def ports(self) -> dict[str, ServicePort]:
        """The Service's ports; the controller's own have the same names."""
        return {
            "http": ServicePort(port=80, target_port="http", node_port=self.http_node_port, app_protocol="http"),
            "https": ServicePort(port=443, target_port="https", node_port=self.https_node_port, app_protocol="https"),
        }

    @property
    def config_data(self) -> dict[str, str]:
        """The controller's ConfigMap. nginx goes on with open connections until shortly before the kill."""
        return {
            **self.config,
            **FIXED_CONFIG,
            # Never Critical, as snippets are.
            RISK_LEVEL: "High" if self.allow_external_auth else "Medium",
            "worker-shutdown-timeout": f"{max(self.grace_seconds - self.drain_seconds - 5, 5)}s",
        }
