"""What runs, in one screen."""

import json

from command_line.progress import Progress
from command_line.subprocesses import CommandError
from devcluster.cluster.cluster import Cluster
from devcluster.paths import ClusterPaths

_DAEMONS = {
    True: ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    False: ("containerd", "kubelet", "kube-proxy", "network-policies"),
}


def report(paths: ClusterPaths) -> str:
    """A line for each node with the programs that run in it, then a line for each namespace's pods."""
    cluster = Cluster(paths, Progress())
    lines: list[str] = []
    for node in cluster.all_nodes:
        if node.first_process is None:
            lines.append(f"{node.name:<16} {node.plan.address:<12} off")
            continue
        programs = _DAEMONS[node is cluster.control]
        down = [name for name in programs if node.daemon(name) is None]
        state = f"NOT RUNNING: {', '.join(down)}" if down else f"running: {', '.join(programs)}"
        lines.append(f"{node.name:<16} {node.plan.address:<12} {state}")
    if cluster.control.first_process is None:
        return "\n".join([*lines, "", "The embedded cluster is not up: `make up` starts it."])
    try:
        ready = cluster.ready_nodes()
        pods = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json", timeout=20))["items"]
    except CommandError as problem:
        return "\n".join([*lines, "", f"The API server does not answer: `make up` mends it. {problem}"])
    lines += ["", f"nodes ready: {', '.join(sorted(ready)) or 'none'}", ""]
    namespaces: dict[str, list[bool]] = {}
    for pod in pods:
        conditions = {item["type"]: item["status"] for item in pod["status"].get("conditions", [])}
        is_well = conditions.get("Ready") == "True" or pod["status"]["phase"] == "Succeeded"
        namespaces.setdefault(pod["metadata"]["namespace"], []).append(is_well)
    lines += [f"{name:<16} {sum(well)} of {len(well)} pods well" for name, well in sorted(namespaces.items())]
    return "\n".join(lines)
