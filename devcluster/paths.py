"""What the embedded cluster keeps in the folders of the commands."""

from dataclasses import dataclass
from pathlib import Path

from command_line.paths import Paths


@dataclass(frozen=True)
class ClusterPaths(Paths):
    """The folders of the commands, with those of the embedded cluster in them."""

    @property
    def images(self) -> Path:
        return self.cache / "images"

    @property
    def nodes(self) -> Path:
        return self.state / "machines"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pulumi_backend(self) -> Path:
        """Pulumi's state of what is deployed to this cluster: it goes when the cluster goes."""
        return self.state / "pulumi" / "backend"
