"""A thousand rules from nothing, and one of a thousand changed, beside the same by hand in as few objects as they fit.

`make bench` on the embedded cluster; it has a controller of its own. Times are in seconds, from the command to the
first request that is answered by the last rule.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.paths import ClusterPaths
from tests.cluster.harness.background import Samples
from tests.cluster.harness.stacks.rules_stack import WEB_IMAGE, RulesStack
from tests.cluster.harness.tier import Tier
from webtier.path_rules import PathRule
from webtier.web_service import WebServiceSettings

PORT = 32063
OURS, BY_HAND = "many.example", "by-hand.example"
SERVICES = ("app", "api")
_ANNOTATION = "nginx.ingress.kubernetes.io/"


@dataclass
class Mix:
    """How many rules, and every how many-th rewrites its path; 0 for none."""

    count: int
    rewriting: int

    def __str__(self) -> str:
        return f"{self.count} rules" + (f", every {self.rewriting}. of them rewriting" if self.rewriting else "")

    def rewrites(self, number: int) -> bool:
        return self.rewriting > 0 and number % self.rewriting == 0


@dataclass
class Measured:
    """What one way took."""

    command: float
    served: float
    controller_mib: float
    engine_mib: float

    def __str__(self) -> str:
        return (
            f"command {self.command:6.1f} s, served after {self.served:6.1f} s, controller {self.controller_mib:4.0f} "
            f"MiB, command's processes {self.engine_mib:4.0f} MiB"
        )


def service(name: str) -> WebServiceSettings:
    says = f"server {{ listen 8080; default_type text/plain; location / {{ return 200 '{name} $request_uri'; }} }}\n"
    given = {"image": WEB_IMAGE, "replicas": 1, "files": {"/etc/nginx/conf.d/default.conf": says}}
    return WebServiceSettings.model_validate(given)


def path_of(number: int) -> str:
    return f"/tenant-{number % 50}/service-{number}"


def rules(mix: Mix, changed: int | None = None) -> list[PathRule]:
    """`changed` is a rule that goes to the other service."""
    given: list[dict[str, Any]] = [
        {
            "host": OURS,
            "path": path_of(number),
            "backend": SERVICES[(number + (number == changed)) % 2],
            **({"rewrite": "strip_prefix"} if mix.rewrites(number) else {}),
        }
        for number in range(mix.count)
    ]
    return [PathRule.model_validate(each) for each in given]


def by_hand(mix: Mix, class_name: str) -> str:
    """The same in two Ingresses, one for all plain paths and one for all that rewrite. They mean not quite the same."""
    kinds: list[tuple[str, dict[str, str], Callable[[int], str], str, Callable[[int], bool]]] = [
        ("plain", {}, path_of, "Prefix", lambda number: not mix.rewrites(number)),
        (
            "rewriting",
            {f"{_ANNOTATION}rewrite-target": "/$2", f"{_ANNOTATION}use-regex": "true"},
            lambda number: f"{path_of(number)}(/|$)(.*)",
            "ImplementationSpecific",
            mix.rewrites,
        ),
    ]
    items = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": f"by-hand-{name}", "annotations": annotations},
            "spec": {
                "ingressClassName": class_name,
                "rules": [
                    {
                        "host": BY_HAND,
                        "http": {
                            "paths": [
                                {
                                    "path": path(number),
                                    "pathType": path_type,
                                    "backend": {"service": {"name": SERVICES[number % 2], "port": {"number": 80}}},
                                }
                                for number in range(mix.count)
                                if is_for(number)
                            ]
                        },
                    }
                ],
            },
        }
        for name, annotations, path, path_type, is_for in kinds
        if any(map(is_for, range(mix.count)))
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


class Bench:
    """One controller, asked at its NodePort."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        self.tier = tier
        self.stack = RulesStack(tier, folder, "bench", PORT)
        self.stack.default_backend = "app"
        self.stack.services = {name: service(name) for name in SERVICES}
        self.stack.controller = {
            "external_traffic_policy": "Cluster",
            "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "2Gi"}},
        }

    def deploy(self, given: Sequence[PathRule], is_served: Callable[[], bool]) -> Measured:
        self.stack.rules = given
        return self._measure(self.stack.up, is_served)

    def apply(self, mix: Mix) -> Measured:
        text = by_hand(mix, self.stack.name)
        last = mix.count - 1
        return self._measure(
            lambda: self.tier.kubectl("apply", "-n", self.stack.namespace, "-f", "-", input=text, timeout=600),
            lambda: self.answers(BY_HAND, path_of(last)) == SERVICES[last % 2],
        )

    def remove_by_hand(self) -> None:
        names = ("by-hand-plain", "by-hand-rewriting")
        self.tier.kubectl("delete", "ingress", *names, "-n", self.stack.namespace, "--ignore-not-found")

    def answers(self, host: str, path: str) -> str:
        connection = http.client.HTTPConnection(self.stack.url.removeprefix("http://"), timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            body = answer.read().decode()
            return body.split(" ")[0] if answer.status == http.client.OK else str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            connection.close()

    def _measure(self, command: Callable[[], object], is_served: Callable[[], bool]) -> Measured:
        begin = time.monotonic()
        with Samples(_children_rss, 0.2) as sizes:
            command()
        done = time.monotonic()
        while not is_served():
            if time.monotonic() > done + 120:
                raise TimeoutError("not served after two minutes")
            time.sleep(0.1)
        return Measured(done - begin, time.monotonic() - begin, self._controller_mib(), max(sizes.seen) / 2**20)

    def _controller_mib(self) -> float:
        read = "cat /sys/fs/cgroup/memory/memory.stat 2>/dev/null || cat /sys/fs/cgroup/memory.stat"
        namespace = f"{self.stack.name}-ingress"
        stat = self.tier.kubectl(
            "exec", "-n", namespace, f"deployment/{self.stack.name}-controller", "--", "sh", "-c", read
        )
        found = dict(line.split() for line in stat.splitlines())
        return int(found.get("total_rss") or found["anon"]) / 2**20


def _children_rss() -> int:
    """The memory, in bytes, that all processes below this one have now."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        except OSError:
            continue
        parents[int(folder.name)] = int(lines["PPid"])
        sizes[int(folder.name)] = int(lines.get("VmRSS", "0 kB").split()[0]) * 1024
    own = int(Path("/proc/self").resolve().name)
    below = {own}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(sizes[pid] for pid in below - {own})


def run(mixes: Sequence[Mix]) -> None:
    tier = Tier(ClusterPaths.from_environment())
    with tempfile.TemporaryDirectory(prefix="webtier-bench-") as folder:
        bench = Bench(tier, Path(folder))
        with bench.stack.deployed(destroy=False):
            bench.deploy([], lambda: bench.answers("any.example", "/") == "app")
            for mix in mixes:
                _compare(bench, mix)


def _compare(bench: Bench, mix: Mix) -> None:
    last = mix.count - 1
    ours = bench.deploy(rules(mix), lambda: bench.answers(OURS, path_of(last)) == SERVICES[last % 2])
    other = SERVICES[(last + 1) % 2]
    changed = bench.deploy(rules(mix, last), lambda: bench.answers(OURS, path_of(last)) == other)
    objects = len(bench.tier.items("ingress", "-n", bench.stack.namespace))
    bench.deploy([], lambda: bench.answers(OURS, path_of(0)) == "app")
    hand = bench.apply(mix)
    bench.remove_by_hand()
    sys.stdout.write(
        f"\n{mix}, {objects} Ingresses\n"
        f"  pulumi up, from nothing   {ours}\n"
        f"  kubectl apply, by hand    {hand}\n"
        f"  ratio                     {ours.command / hand.command:.1f}, served {ours.served / hand.served:.1f}, "
        f"controller {ours.controller_mib / hand.controller_mib:.1f}\n"
        f"  one rule of them changed  {changed}\n"
    )
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.many_rules", description=__doc__)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--rewriting", type=int, action="append", help="every how many-th rule rewrites; 0 for none")
    given = parser.parse_args()
    run([Mix(given.rules, rewriting) for rewriting in given.rewriting or (0, 10)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
