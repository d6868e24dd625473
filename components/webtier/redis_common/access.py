"""How clients outside of the cluster find a Redis, as settings."""

from pydantic import Field

from webtier.service_exposure.settings import NodePortExposure, OutsideExposure
from webtier.shared.model import NodePort, Settings

CLIENT_PORT = "redis"
"""The name of the port, of Services as of containers."""


class ClientAccessSettings(Settings):
    """How clients outside of the cluster reach Redis."""

    node_port: NodePort | None = Field(
        default=None, description="A port on every node that leads to this Redis; null for none, or for any."
    )
    exposure: OutsideExposure | None = Field(
        default=None,
        description="The Service for clients outside; null for the kind `node_port` if there is a `node_port`, and "
        "else for no such Service.",
    )

    @property
    def outside(self) -> OutsideExposure | None:
        """What `exposure` stands for."""
        if self.exposure is None and self.node_port is not None:
            return NodePortExposure(kind="node_port")
        return self.exposure
