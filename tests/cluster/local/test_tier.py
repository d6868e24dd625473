"""The tier that `make up` leaves: pages behind paths, a whole Redis Cluster, and nothing left to change."""

import httpx
import pytest

from tests.cluster.harness.checks import check_all, check_redis_state, check_redis_topology, check_routes
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.tier import Tier, eventually, is_ready, one_key_for_each_slot

RECOVERY_SECONDS = 60


def test_every_path_reaches_its_service(tier: Tier) -> None:
    check_routes(tier)


def test_https_answers_too(tier: Tier) -> None:
    answer = httpx.get(tier.outputs["ingress_https_url"] + "/pay", verify=False, timeout=10)  # noqa: S501
    assert answer.text.strip() == "pay-v1"


def test_user_has_three_replicas_with_the_label_and_port(tier: Tier) -> None:
    pods = tier.pods("app=user-v1")
    assert len(pods) == 3
    service = next(
        item for item in tier.items("services", "-n", tier.namespace) if item["metadata"]["name"] == "user-v1"
    )
    assert [port["port"] for port in service["spec"]["ports"]] == [80]


def test_the_outputs_are_those_of_the_readme(tier: Tier) -> None:
    # Without TLS there is no redis_ca_certificate.
    outputs = tier.outputs
    assert set(outputs) == {
        "namespace",
        "ingress_url",
        "ingress_https_url",
        "routes",
        "redis_endpoint",
        "redis_external",
        "redis_username",
        "redis_password",
        "standalone_redis",
    }
    assert {(route["path"], route["backend"]) for route in outputs["routes"]} == {
        ("/user", "user-v1"),
        ("/pay", "pay-v1"),
        ("/", "user-v1"),
    }
    assert outputs["redis_endpoint"].endswith(".svc.cluster.local:6379")
    shown = tier.pulumi("stack", "output", "--json").stdout
    assert outputs["redis_password"] not in shown


def test_a_key_in_every_slot_is_written_and_read(tier: Tier) -> None:
    keys = one_key_for_each_slot()
    with tier.redis() as client:
        pipeline = client.pipeline()
        for key in keys:
            pipeline.set(key, f"value of {key}")
        assert all(pipeline.execute())
        pipeline = client.pipeline()
        for key in keys:
            pipeline.get(key)
        assert pipeline.execute() == [f"value of {key}" for key in keys]


def test_three_masters_and_no_replica_beside_its_master(tier: Tier) -> None:
    check_redis_topology(tier)
    check_redis_state(tier)


def test_the_password_is_asked_for(tier: Tier) -> None:
    answer = tier.kubectl("exec", "-n", tier.namespace, "redis-shard-0-0", "-c", "redis", "--", "redis-cli", "get", "x")
    assert "NOAUTH" in answer


def test_nothing_secret_in_arguments_environment_or_config_maps(tier: Tier) -> None:
    password = tier.outputs["redis_password"]
    assert password not in tier.kubectl("get", "pods,configmaps,jobs,statefulsets", "-A", "-o", "json")


def test_a_preview_shows_no_changes(tier: Tier) -> None:
    done = tier.pulumi("preview", "--expect-no-changes", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr


_PODS = {
    "redis-shard-0-0": ("webtier", "statefulset.kubernetes.io/pod-name=redis-shard-0-0"),
    "redis-shard-1-1": ("webtier", "statefulset.kubernetes.io/pod-name=redis-shard-1-1"),
    "user-v1": ("webtier", "app=user-v1"),
    "pay-v1": ("webtier", "app=pay-v1"),
    "the controller": ("ingress-nginx", ""),
    "DNS": ("kube-system", ""),
}


@sampled("pod", _PODS, ("redis-shard-0-0", "user-v1"))
def test_any_one_pod_may_be_deleted(tier: Tier, pod: str) -> None:
    namespace, selector = _PODS[pod]
    words = ("-l", selector) if selector else ()
    victim = tier.items("pods", "-n", namespace, *words)[0]["metadata"]
    before = len(tier.items("pods", "-n", namespace, *words))
    tier.kubectl("delete", "pod", "-n", namespace, victim["name"], "--wait=false")

    def is_whole_again() -> None:
        pods = tier.items("pods", "-n", namespace, *words)
        assert victim["uid"] not in {pod["metadata"]["uid"] for pod in pods}
        assert sum(map(is_ready, pods)) == before
        check_all(tier)

    eventually(is_whole_again, RECOVERY_SECONDS)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--rule=/*=user-v1:80",), "is already defined in ingress"),
        (
            (
                "--rule=x.example/foo=user-v1:80",
                "--annotation=nginx.ingress.kubernetes.io/configuration-snippet=return 200;",
            ),
            "Snippet directives are disabled",
        ),
    ],
    ids=["duplicate", "snippet"],
)
def test_the_webhook_refuses_what_the_controller_cannot_serve(tier: Tier, words: tuple[str, ...], reason: str) -> None:
    create = ("kubectl", "create", "ingress", "refused", "-n", tier.namespace, "--class=nginx", "--dry-run=server")
    done = tier.run(*create, *words)
    assert done.returncode != 0
    assert "admission webhook" in done.stderr
    assert reason in done.stderr
