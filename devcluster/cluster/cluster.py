"""Up and down of the whole cluster, from wherever the last run, or a power cut, has left it."""

import datetime as dt
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from command_line.files import delete, write_whole
from command_line.progress import Progress
from devcluster.binaries import KUBERNETES
from devcluster.cluster import cgroups, control_plane, network, worker
from devcluster.cluster.node import Node, marked_processes, wait_until
from devcluster.cluster.pki import ADMIN, Pki
from devcluster.images import IMAGES, NODE_ROOT, reference
from devcluster.materials import Materials
from devcluster.paths import ClusterPaths
from devcluster.plan import CONTROL_PLANE, NODES

_MANIFEST = Path(__file__).parents[1] / "manifests" / "cluster.yaml"


class Cluster:
    """The embedded cluster whose files are in `paths`. `images` are those on demand that its nodes get besides."""

    def __init__(self, paths: ClusterPaths, progress: Progress, images: Iterable[str] = ()) -> None:
        self.paths = paths
        self.progress = progress
        self.images = (*IMAGES, *images)
        self.pki = Pki(paths.pki)
        self.materials = Materials(paths)
        self.control = Node(CONTROL_PLANE, paths.nodes / CONTROL_PLANE.name)
        self.nodes = tuple(Node(plan, paths.nodes / plan.name) for plan in NODES)
        self.all_nodes = (self.control, *self.nodes)

    # Up

    def up(self) -> None:
        """Bring up what is down, mend what is broken, leave alone what is well."""
        if self.pki.ensure():
            # What runs has read certificates that are no longer the newest.
            for node in self.all_nodes:
                node.kill()
        self.pki.write_kubeconfig(ADMIN, self.paths.kubeconfig)
        self._boot()
        with self.progress.part("control plane"):
            control_plane.start(self.control)
            self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=_MANIFEST.read_text())
        with self.progress.part("nodes"):
            with ThreadPoolExecutor(len(self.nodes)) as threads:
                started = {node.name for node in threads.map(self._start_node, self.nodes) if node}
            since = dt.datetime.now(dt.UTC).replace(microsecond=0)
            names = {node.name for node in self.nodes}
            wait_until(
                lambda: self.ready_nodes() == names and started <= self.ready_nodes(since),
                120,
                "all nodes are Ready (`make status`)",
                pause=0.5,
            )
        with self.progress.part("cluster DNS"):
            wait_until(self._dns_answers, 120, "a DNS pod is ready (`kubectl describe pods -n kube-system`)", pause=0.5)

    def _boot(self) -> None:
        off = [node for node in self.all_nodes if node.first_process is None]
        stale = [node for node in self.all_nodes if node not in off and not self._is_current(node)]
        if off or stale:
            with self.progress.part("boot"):
                for node in (*off, *stale):
                    node.kill()
                    if node is not self.control:
                        cgroups.remove(node.name)
                for node in (*off, *stale):
                    self._configure(node)
                    node.start(
                        self.materials.node_root,
                        KUBERNETES.folder(self.paths),
                        self.paths.nodes if node is self.control else None,
                    )
        network.make_bridge()
        for node in self.all_nodes:
            if not network.is_connected(node):
                network.connect(node)

    def _configure(self, node: Node) -> None:
        if node is self.control:
            control_plane.configure(node, self.pki)
        else:
            cgroups.make(node.name)
            worker.configure(node, self.pki)
        write_whole(node.folder / "made-of", self._made_of())

    def _is_current(self, node: Node) -> bool:
        record = node.folder / "made-of"
        return record.exists() and record.read_text() == self._made_of()

    def _made_of(self) -> str:
        """What a running node was started with; when this is another, the node is started again."""
        return json.dumps({"root": NODE_ROOT.key({}), "kubernetes": KUBERNETES.key()})

    def _start_node(self, node: Node) -> Node | None:
        """Start what is down on the node; the node itself when its kubelet had to be started."""
        worker.start(node)
        self.load_images(node)
        return node if worker.start_kubelet(node) else None

    def load_images(self, node: Node) -> None:
        """Give a node that runs what it does not have of the images, whose archives are made."""
        record = node.var / "lib" / "webtier-images.json"
        loaded: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
        present = worker.images(node)
        for image in self.images:
            name, archive = reference(image), self.materials.archive(image)
            if loaded.get(name) != archive.name or name not in present:
                worker.import_image(node, archive)
                loaded[name] = archive.name
                write_whole(record, json.dumps(loaded, indent=2))

    def _dns_answers(self) -> bool:
        words = ("get", "deployment/coredns", "-n", "kube-system", "-o", "jsonpath={.status.availableReplicas}")
        return bool(self.kubectl(*words).strip())

    # Looking at it

    def kubectl(self, *words: str, input: str | None = None, timeout: float = 150) -> str:
        return self.control.run(control_plane.kubectl_words(*words), input=input, timeout=timeout)

    def ready_nodes(self, since: dt.datetime | None = None) -> set[str]:
        """The nodes that are Ready; with `since`, those whose kubelet has said so from then on."""
        listed = json.loads(self.kubectl("get", "nodes", "-o", "json"))
        after = since.strftime("%Y-%m-%dT%H:%M:%SZ") if since else ""
        return {
            item["metadata"]["name"]
            for item in listed["items"]
            for condition in item["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
            if condition["lastHeartbeatTime"] >= after
        }

    def is_up(self) -> bool:
        return all(node.first_process is not None for node in self.all_nodes)

    # Down

    def down(self) -> None:
        """Leave nothing behind: no process, namespace, mount, cgroup, interface, route, and no state."""
        for node in self.all_nodes:
            node.kill()
        wait_until(lambda: not list(marked_processes(self.paths.nodes)), 20, "all processes have ended")
        network.remove_bridge()
        cgroups.remove()
        for part in self.paths.state.glob("*"):
            delete(part)
