"""`up` from the first check to the running cluster; `down`; what a shell needs to use it."""

import os
from collections.abc import Mapping, Sequence

from command_line import go_builds, pulumi_installation
from command_line.engine_binaries import KUBERNETES_PROVIDER
from command_line.progress import Progress
from devcluster import preflight
from devcluster.binaries import CLUSTER_BINARIES, KUBERNETES
from devcluster.cluster import network
from devcluster.cluster.cluster import Cluster
from devcluster.materials import Materials
from devcluster.paths import ClusterPaths


def up(paths: ClusterPaths, progress: Progress, images: Sequence[str] = ()) -> None:
    """Bring up the cluster, with an engine for it. Raises UserError before anything is changed.

    `images` are names of `devcluster.images.ON_DEMAND`, for a cluster that does or does not run yet.
    """
    preflight.check_platform()
    preflight.check_kernel()
    network.check_ranges_are_free()
    found = pulumi_installation.find(paths)
    if not Materials(paths).missing_binaries(CLUSTER_BINARIES) and found:
        preflight.check_room(paths, will_build=False)
    else:
        go_builds.go()
        preflight.check_room(paths, will_build=True)
    with preflight.only_one(paths, "up"), progress.alive():
        installed = preflight.install_host_packages()
        if installed:
            progress.line(f"installed from Debian's packages: {', '.join(installed)}")
        wanted = [
            *CLUSTER_BINARIES,
            *pulumi_installation.binaries_to_build(found or pulumi_installation.install(paths), paths, progress),
        ]
        Materials(paths).make(wanted, progress, images)
        if KUBERNETES_PROVIDER in wanted:
            pulumi_installation.install_built_provider(paths)
        Cluster(paths, progress, images).up()


def down(paths: ClusterPaths, progress: Progress) -> None:
    """Remove the cluster and its state; the cache stays, so that the next `up` takes a minute or two."""
    preflight.check_platform()
    with preflight.only_one(paths, "down"), progress.alive(), progress.part("down"):
        Cluster(paths, progress).down()
    if paths.state.exists() and not any(paths.state.iterdir()):
        paths.state.rmdir()


def environment(paths: ClusterPaths) -> Mapping[str, str]:
    """The variables with which `pulumi`, `kubectl` and `python` talk to this cluster and its state."""
    found = pulumi_installation.find(paths)
    variables = pulumi_installation.variables(found, paths) if found else {"PATH": os.environ.get("PATH", "")}
    return {
        **variables,
        "PATH": os.pathsep.join([str(KUBERNETES.folder(paths)), variables["PATH"]]),
        "KUBECONFIG": str(paths.kubeconfig),
        "PULUMI_BACKEND_URL": f"file://{paths.pulumi_backend}",
    }
