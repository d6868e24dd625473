"""A web service with everything that can be set, on the running cluster, in a namespace of its own."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pulumi
import pytest
from pulumi_kubernetes.core.v1 import Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from devcluster.plan import NODES
from environment.cluster import make_namespace
from tests.cluster.harness.background import Samples
from tests.cluster.harness.client_pod import PYTHON
from tests.cluster.harness.stacks.program_stack import ProgramStack, inline_stack, provider
from tests.cluster.harness.tier import Tier, eventually, is_ready
from webtier.service_exposure import ServiceExposure, ServiceExposureArgs, ServicePort
from webtier.service_exposure.settings import HeadlessExposure, LoadBalancerExposure
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

NAMESPACE = "web-service-test"
NAME = "shop-v2"
IMAGE = "webtier.local/nginx:debian-12"
SELECTOR = "app.kubernetes.io/name=shop,app.kubernetes.io/version=v2"
WORD = "not-a-word-for-logs"
SECONDS = 120

_SERVER = """\
server {
    listen 8080;
    default_type text/plain;
    location / { root /tmp/page; }
    location = /health { return 200 well; }
    location = /release { return 200 "RELEASE"; }
}
"""

_WRITE = """
import os
os.makedirs("/tmp/page", exist_ok=True)
with open("/tmp/page/index.html", "w") as page:
    page.write(os.environ["GREETING"] + " " + os.environ["WORD"])
"""

SETTINGS: Mapping[str, Any] = {
    "image": IMAGE,
    "replicas": 2,
    "labels": {"team": "blue"},
    "secret_files": {"/etc/shop": "words"},
    "init_containers": [
        {
            "name": "write",
            "image": PYTHON,
            "command": ["python3", "-c", _WRITE],
            "env": {"GREETING": "hello"},
            "secret_env": {"WORD": {"secret": "words", "key": "word"}},
        }
    ],
    "sidecars": {
        "beside": {
            "image": PYTHON,
            "command": ["python3", "-m", "http.server"],
            "args": ["9113", "--bind", "0.0.0.0", "--directory", "/etc/shop"],  # noqa: S104 - in its pod
            "ports": {"beside": 9113},
        }
    },
    "ports": {
        "http": {"port": 80, "target_port": 8080, "app_protocol": "http"},
        "beside": {"port": 9113, "target_port": "beside"},
    },
    "exposure": {"kind": "node_port", "client_ip_affinity_seconds": 60},
    "probes": {
        "check": {"kind": "http", "path": "/health"},
        "readiness": {"check": {"kind": "tcp"}, "period_seconds": 1, "success_threshold": 2},
        "liveness": {"check": {"kind": "exec", "command": ["/usr/bin/true"]}, "initial_delay_seconds": 1},
    },
    "budget": {"min_available": "50%"},
    "spread": {"nodes": "required", "zones": "preferred"},
    "rollout": {"max_surge": "50%", "max_unavailable": 1, "min_ready_seconds": 1, "drain_seconds": 1},
    "scheduling": {
        "node_selector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "example.com/none", "operator": "Exists", "effect": "NoSchedule"}],
    },
    "service_account": {"annotations": {"example.com/role": "shop"}},
}


class ShopStack(ProgramStack):
    """The web service, and two more Services in front of its pods."""

    def __init__(self, tier: Tier, folder: Path) -> None:
        super().__init__(tier, inline_stack(tier, "test", folder, "web-service-test", self._program), NAMESPACE)
        self.settings = deepcopy(dict(SETTINGS))
        self.release("1")

    def release(self, release: str) -> None:
        self.settings["files"] = {"/etc/nginx/conf.d/default.conf": _SERVER.replace("RELEASE", release)}

    def autoscale(self, least: int, most: int) -> None:
        self.settings.pop("replicas", None)
        self.settings["autoscaling"] = {"min": least, "max": most, "memory_percent": 80}

    def fix(self, replicas: int) -> None:
        self.settings.pop("autoscaling", None)
        self.settings["replicas"] = replicas

    def _program(self) -> None:
        cluster = provider(self.tier)
        namespace = make_namespace(NAMESPACE, holds_data=False, provider=cluster).metadata.name
        into = pulumi.ResourceOptions(providers=[cluster])
        Secret(
            "words",
            metadata=ObjectMetaArgs(name="words", namespace=namespace),
            string_data=pulumi.Output.secret({"word": WORD}),
            opts=pulumi.ResourceOptions(provider=cluster),
        )
        settings = WebServiceSettings.model_validate(self.settings)
        shop = WebService(NAME, WebServiceArgs(settings, namespace, node_address=NODES[0].address), into)
        ports = {"http": ServicePort(port=8080)}
        further = {
            "headless": HeadlessExposure(kind="headless", publish_not_ready_addresses=True),
            "balanced": LoadBalancerExposure(
                kind="load_balancer",
                load_balancer_class="example.com/none",
                source_ranges=["10.0.0.0/8"],
                annotations={"example.com/scheme": "internal"},
            ),
        }
        for name, exposure in further.items():
            # No cluster of this kind makes a load balancer, whose address would be waited for.
            args = ServiceExposureArgs(exposure, ports, namespace, selector={"app": NAME}, has_pods=False)
            ServiceExposure(name, args, into)
        pulumi.export("outside", shop.external_endpoints)

    def get(self, path: str, port: str = "http") -> str:
        return httpx.get(f"http://{self.outputs['outside'][port]}{path}", timeout=5).text

    def one(self, kind: str, name: str = NAME) -> dict[str, Any]:
        return self.tier.one(kind, name, "-n", NAMESPACE)

    def pods(self) -> dict[str, dict[str, Any]]:
        """Those that are ready, by their names."""
        found = self.tier.items("pods", "-n", NAMESPACE, "-l", SELECTOR)
        return {pod["metadata"]["name"]: pod for pod in found if is_ready(pod)}


@pytest.fixture(scope="module")
def shop(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    with ShopStack(tier, tmp_path_factory.mktemp("web-service")).deployed() as made:
        yield made


def test_every_container_does_its_part(shop: ShopStack) -> None:
    # Its pods are ready; the nodes hear of it a moment later.
    eventually(lambda: _is(shop.get("/"), f"hello {WORD}"), SECONDS)
    assert shop.get("/release") == "1"
    # Nothing asks the container beside whether it is ready.
    eventually(lambda: _is(shop.get("/word", port="beside"), WORD), SECONDS)


def test_the_pods_are_as_told(shop: ShopStack) -> None:
    pods = shop.pods()
    assert len({pod["spec"]["nodeName"] for pod in pods.values()}) == len(pods) == 2
    for pod in pods.values():
        assert pod["metadata"]["labels"]["team"] == "blue"
        assert pod["spec"]["serviceAccountName"] == NAME
        mounted = [mount["mountPath"] for each in pod["spec"]["containers"] for mount in each["volumeMounts"]]
        assert "/var/run/secrets/kubernetes.io/serviceaccount" not in mounted
        assert all(status["restartCount"] == 0 for status in pod["status"]["containerStatuses"])
    service = shop.one("service")["spec"]
    assert service["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 60}}
    assert shop.one("poddisruptionbudget")["spec"]["minAvailable"] == "50%"
    assert shop.one("service", "headless")["spec"]["clusterIP"] == "None"
    assert shop.one("service", "balanced")["spec"]["loadBalancerClass"] == "example.com/none"


def test_the_secret_is_in_no_other_object(shop: ShopStack) -> None:
    kinds = "pods,configmaps,deployments,replicasets,services,serviceaccounts"
    assert WORD not in shop.tier.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json")


def test_deploying_again_changes_nothing(shop: ShopStack) -> None:
    assert set(shop.up(expect_no_changes=True)) == {"same"}


def test_a_changed_file_rolls_the_pods_and_a_changed_label_of_the_service_account_does_not(shop: ShopStack) -> None:
    before = set(shop.pods())
    shop.settings["service_account"] = {"annotations": {"example.com/role": "other"}}
    assert shop.up().get("update") == 1
    assert set(shop.pods()) == before
    shop.release("2")
    # The ConfigMap and the Deployment.
    assert shop.up().get("update") == 2

    def is_rolled() -> None:
        assert set(shop.pods()).isdisjoint(before)
        assert shop.get("/release") == "2"

    eventually(is_rolled, SECONDS)


@pytest.mark.nightly
def test_the_autoscaler_takes_over_without_a_pod_lost_and_is_never_overruled(shop: ShopStack) -> None:
    """There is no metrics server here: the autoscaler only keeps between `min` and `max`, which is all that counts."""
    with Samples(lambda: int(shop.one("deployment")["spec"]["replicas"]), 1) as replicas:
        before = set(shop.pods())
        shop.autoscale(2, 3)
        shop.up()
        assert set(shop.pods()) == before

        shop.autoscale(3, 3)
        shop.up()

        def has(count: int) -> None:
            assert shop.one("deployment")["spec"]["replicas"] == count
            assert len(shop.pods()) == count

        eventually(lambda: has(3), SECONDS)
        assert shop.one("horizontalpodautoscaler")["spec"]["minReplicas"] == 3
        assert before < set(shop.pods())

        # The state still has the number of the time before, which may not come back.
        shop.settings["rollout"]["min_ready_seconds"] = 2
        assert shop.up().get("update") == 1
        has(3)
        assert set(shop.up(expect_no_changes=True)) == {"same"}

        # It may write until it is deleted, which Pulumi does last: so it is told the number first.
        shop.autoscale(2, 2)
        shop.up()
        eventually(lambda: has(2), SECONDS)
        shop.fix(2)
        shop.up()
        has(2)
        assert shop.tier.items("horizontalpodautoscalers", "-n", NAMESPACE) == []

        # The number is no one else's from now on, whoever has written another one.
        shop.tier.kubectl("scale", "-n", NAMESPACE, f"deployment/{NAME}", "--replicas=3")
        shop.up(refresh=True)
        eventually(lambda: has(2), SECONDS)
    assert min(replicas.seen) == 2


def test_another_exposure_leaves_the_pods_alone(shop: ShopStack) -> None:
    before = set(shop.pods())
    for kind, address in (("cluster_ip", False), ("headless", False), ("node_port", True)):
        shop.settings["exposure"] = {"kind": kind}
        shop.up()
        assert bool(shop.outputs["outside"]) is address
        assert (shop.one("service")["spec"]["clusterIP"] == "None") is (kind == "headless")
    eventually(lambda: _is(shop.get("/release"), "2"), SECONDS)
    assert set(shop.pods()) == before


def _is(found: str, expected: str) -> None:
    assert found == expected


def test_no_pods_are_not_waited_for(shop: ShopStack) -> None:
    shop.fix(0)
    shop.settings["budget"] = None
    shop.up()

    def are_gone() -> None:
        assert shop.pods() == {}

    eventually(are_gone, SECONDS)
