"""One environment's settings: all that `Pulumi.<stack>.yaml` can say.

The models of the components are used as they are; what is here concerns the whole tier.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from environment.settings.ingress_settings import IngressSettings, OwnNamespace
from environment.settings.plain_data import as_object
from webtier.path_rules import HostSettings, IngressRouting, PathRule, Routing
from webtier.redis_cluster.credentials.passwords import STRONG, is_strong
from webtier.redis_cluster.settings import RedisClusterSettings
from webtier.redis_common.settings import RedisName
from webtier.redis_standalone.settings import RedisStandaloneSettings
from webtier.service_exposure import ExternalServiceSettings
from webtier.shared.addresses import RuleHost, machine_problem
from webtier.shared.model import ServiceName, Settings
from webtier.shared.problems import check, checked, wrong_setting
from webtier.web_service import WebServiceSettings

REDIS_NAME = "redis"
"""The Redis Cluster's name, which those of all its objects begin with."""

HOW_TO_SET = "pulumi config set --secret webtier:redis_password"


def _password_problem(password: SecretStr) -> str | None:
    return None if is_strong(password.get_secret_value()) else f"allowed: {STRONG}; {HOW_TO_SET} asks for it"


def _optional_password_problem(password: SecretStr) -> str | None:
    return _password_problem(password) if password else None


NodeAddress = Annotated[str, checked(lambda address: machine_problem(address) if address else None)]
OptionalPassword = Annotated[SecretStr, AfterValidator(check(_optional_password_problem))]


class EnvironmentSettings(Settings):
    """All of one stack's settings."""

    context: str = Field(
        description="The kubeconfig context to deploy to. Never the current one by chance.",
    )
    kubeconfig: str = Field(
        default="",
        description="Path of the kubeconfig, where `~` and `$VARIABLE` are expanded; empty for the one that "
        "kubectl takes.",
    )
    move_to_cluster: str = Field(
        default="",
        description="UID of the namespace `kube-system` of the cluster that this stack is to move to. Without it a "
        "cluster other than the one that the stack was first deployed to is refused.",
    )
    namespace: OwnNamespace = Field(default="webtier", description="The namespace of Redis and the web services.")
    adopt_namespace: bool = Field(
        default=False,
        description="Whether `namespace` may be one that somebody else has made. It is then left as it is, without the "
        "labels of Pod Security, and never deleted. One that this stack makes is not deleted either while this is set.",
    )
    node_address: NodeAddress = Field(
        default="",
        description="IP address or host name of a node at which NodePorts are reached from outside, without a port; "
        "empty if there is none: the outputs with addresses are then null.",
    )
    protect: bool = Field(
        default=False,
        description="Whether this is a stack to be careful with, such as prod. Pulumi then refuses to delete what "
        "holds data: the namespace, and Redis' StatefulSets, claims and volumes. And ingress.replicas and "
        "ingress.accept_retired are checked more strictly.",
    )
    redis: RedisClusterSettings | None = Field(
        default_factory=RedisClusterSettings, description="The Redis Cluster; null for none."
    )
    redis_password: OptionalPassword = Field(
        description=f"Redis' password, a secret: `{HOW_TO_SET}` asks for it. Not needed with `redis: null`."
    )
    redis_previous_password: OptionalPassword = Field(
        default=SecretStr(""),
        description="The password before it, a secret. It stays valid until this key is taken away: how clients change "
        "to another one without a failed command.",
    )
    redis_password_file: str = Field(
        default="",
        description="Path of a file that holds the password, instead of `redis_password`; `~` and `$VARIABLE` are "
        "expanded. For a stack that only one machine ever deploys.",
    )
    standalone_redis: dict[RedisName, RedisStandaloneSettings] = Field(
        default_factory=dict, description="Single Redis without replicas, by name, each with a password of its own."
    )
    services: dict[ServiceName, WebServiceSettings] = Field(
        default_factory=dict, description="The web services by name."
    )
    external_services: dict[ServiceName, ExternalServiceSettings] = Field(
        default_factory=dict, description="Services by name for what runs elsewhere: an alias, or given addresses."
    )
    ingress: IngressSettings = Field(default_factory=IngressSettings, description="The ingress-nginx controller.")
    routing: Routing = Field(
        default=IngressRouting(kind="ingress"), description="What `routes` and `hosts` become in the cluster."
    )
    routes: list[PathRule] = Field(default_factory=list[PathRule], description="Which path goes to which web service.")
    hosts: dict[RuleHost, HostSettings] = Field(
        default_factory=dict[str, HostSettings],
        description="What holds for a whole host of `routes`, by its name: certificates, and redirects of its own.",
    )
    default_backend: str = Field(
        description="The web service that answers what no route names; a name under `services`."
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_needs_a_password(cls, given: object) -> object:
        values = as_object(given)
        if values is None or "redis" not in values or values["redis"] is not None:
            return given
        return {"redis_password": "", **values}

    @model_validator(mode="after")
    def _redis_has_a_password(self) -> "EnvironmentSettings":
        if self.redis is not None and not self.redis_password:
            raise wrong_setting(("redis_password",), f"empty; allowed: {STRONG}; {HOW_TO_SET} asks for it", "")
        return self
