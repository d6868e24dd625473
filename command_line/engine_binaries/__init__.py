"""The programs of the Pulumi engine that are built from published Go modules, where they can't be installed.

Each folder here is a Go module that pins one of them; `language_host` is what the engine runs Python programs with.
"""

from importlib.metadata import version
from pathlib import Path

from command_line.go_builds import Binary, pinned_version

_HERE = Path(__file__).parent

PULUMI_VERSION = pinned_version(_HERE / "pulumi", "github.com/pulumi/pulumi/pkg/v3")
KUBERNETES_PROVIDER_VERSION = version("pulumi-kubernetes")
"""The engine looks for the plugin of exactly the version that the program's resources are of."""

PULUMI = Binary(
    _HERE / "pulumi",
    ("pulumi",),
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    {"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{PULUMI_VERSION}"},
    # The engine takes what lies beside it for its own; from elsewhere on PATH it warns at every start.
    beside=(_HERE / "language_host" / "pulumi-language-python",),
)
KUBERNETES_PROVIDER = Binary(
    _HERE / "pulumi-resource-kubernetes",
    ("pulumi-resource-kubernetes",),
    stamp={"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": KUBERNETES_PROVIDER_VERSION},
)
ENGINE_BINARIES = (KUBERNETES_PROVIDER, PULUMI)
