"""What takes more than one request to see: shares, limits and cookies; and what is not for the controller."""

import re
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest

from tests.cluster.conformance.case import Burst, Share, Shown, Stored, Streamed
from tests.cluster.conformance.harness.asking import Answer, Ask
from tests.cluster.conformance.harness.stack import CHAPTERS, NAMESPACE, ConformanceStack
from tests.cluster.harness.tier import eventually
from webtier.path_rules.rules.object_names import object_name

OTHERS: list[Shown] = [shown for chapter in CHAPTERS.values() for shown in chapter.others]
REQUESTS = 500
SECONDS = 30
MARGIN = 5
"""In per cent, up and down."""


@pytest.mark.parametrize("share", [each for each in OTHERS if isinstance(each, Share)], ids=lambda share: share.shows)
def test_a_canary_gets_its_share(conformance: ConformanceStack, share: Share) -> None:
    shares = [_share(conformance, share)]
    if abs(shares[0] - share.percent) > MARGIN:
        # By chance alone one of some two hundred is outside; two after another are not.
        shares.append(_share(conformance, share))
    assert abs(shares[-1] - share.percent) <= MARGIN, shares


def _share(conformance: ConformanceStack, share: Share) -> float:
    """In per cent, of REQUESTS."""
    with conformance.controller.connection(share.ask.host) as connection:
        services = Counter(connection.ask(share.ask).service for _ in range(REQUESTS))
    assert services.total() == services["canary"] + services["stable"], services
    print(f"{share.ask.target}: {services}")  # noqa: T201 - the figure is what the test is for
    return 100 * services[share.service] / REQUESTS


@pytest.mark.parametrize(
    "burst", [each for each in OTHERS if isinstance(each, Burst)], ids=lambda burst: burst.ask.target
)
def test_a_limit_holds_after_its_burst(conformance: ConformanceStack, burst: Burst) -> None:
    start = monotonic()
    with conformance.controller.connection(burst.ask.host) as connection:
        statuses = Counter(connection.ask(burst.ask).status for _ in range(burst.requests))
    meanwhile = burst.per_second * (monotonic() - start)
    assert burst.first <= statuses[200] <= burst.first + meanwhile + 1, statuses
    assert statuses[503] == burst.requests - statuses[200]


def test_so_many_requests_of_an_address_are_served_at_a_time(conformance: ConformanceStack) -> None:
    held = Ask("options.example", "/connections?delay=3")
    at_once = Ask("options.example", "/connections")
    with ExitStack() as stack:
        connections = [stack.enter_context(conformance.controller.connection(held.host)) for _ in range(3)]
        for connection in connections:
            connection.send(held)

        def is_full() -> None:
            for connection in connections:
                # While this asks, one of the three may be the fourth.
                if connection.is_answered:
                    connection.receive()
                    connection.send(held)
            assert conformance.controller.ask(at_once).status == 503

        eventually(is_full, SECONDS, pause=0.1)
        assert [connection.receive().status for connection in connections] == [200] * 3
    assert conformance.controller.ask(at_once).status == 200


def test_a_longer_wait_for_a_connection_goes_on_when_a_shorter_one_has_ended(conformance: ConformanceStack) -> None:
    with conformance.controller.connection("options.example") as patient:
        patient.send(Ask("options.example", "/connect-long"))
        assert conformance.controller.ask(Ask("options.example", "/connect")).status == 504
        assert not patient.is_answered


@pytest.mark.parametrize(
    "streamed", [each for each in OTHERS if isinstance(each, Streamed)], ids=lambda streamed: streamed.ask.target
)
def test_a_body_is_passed_on_before_its_end_only_where_it_is_not_buffered(
    conformance: ConformanceStack, streamed: Streamed
) -> None:
    with (
        conformance.controller.connection(streamed.buffered.host) as waiting,
        conformance.controller.connection(streamed.ask.host) as passing,
    ):
        waiting.send(streamed.buffered)
        passing.send(streamed.ask)
        answer = passing.receive()
        assert (answer.status, answer.service) == (200, streamed.service)
        assert answer.echo["body"] == "x" * (streamed.ask.size - streamed.ask.missing)
        assert not waiting.is_answered
        waiting.send_missing(streamed.buffered)
        assert waiting.receive().status == 200


@pytest.mark.parametrize(
    "stored", [each for each in OTHERS if isinstance(each, Stored)], ids=lambda stored: stored.host
)
def test_what_is_said_to_others_is_stored(conformance: ConformanceStack, stored: Stored) -> None:
    name = object_name("rules", stored.host, "/")
    found = conformance.tier.one("ingress", name, "-n", NAMESPACE)
    annotations = {
        key: value for key, value in found["metadata"]["annotations"].items() if key.startswith("cert-manager.io/")
    }
    assert annotations == stored.annotations
    assert found["spec"]["tls"] == [{"hosts": [stored.host], "secretName": stored.secret}]


class Client:
    """A browser as far as one cookie goes."""

    def __init__(self, conformance: ConformanceStack, path: str) -> None:
        self._controller = conformance.controller
        self._path = path
        self._cookie: dict[str, str] = {}

    def ask(self, query: str = "") -> Answer:
        answer = self._controller.ask(Ask("sticky.example", self._path + query, headers=self._cookie))
        for name, value in answer.cookies.items():
            self._cookie = {"Cookie": f"{name}={value.partition(';')[0]}"}
        return answer

    def pod(self) -> str:
        answer = self.ask()
        assert answer.status == 200
        return answer.echo["pod"]


def test_a_cookie_keeps_a_client_at_its_pod(conformance: ConformanceStack) -> None:
    clients = [Client(conformance, "/plain") for _ in range(20)]
    first = [client.pod() for client in clients]
    for _ in range(3):
        assert [client.pod() for client in clients] == first
    assert len(set(first)) == 2


def test_a_client_moves_when_its_pod_fails_only_if_it_may(conformance: ConformanceStack) -> None:
    staying, moving = Client(conformance, "/plain"), Client(conformance, "/change")
    pod, left = staying.pod(), moving.pod()
    assert staying.ask(f"?drop={pod}").status == 502
    assert staying.pod() == pod
    answer = moving.ask(f"?drop={left}")
    assert answer.status == 200
    assert answer.echo["pod"] != left
    assert moving.pod() == answer.echo["pod"]


def test_another_pod_takes_clients_only_where_they_are_balanced(conformance: ConformanceStack) -> None:
    balanced = [Client(conformance, "/plain") for _ in range(60)]
    persistent = [Client(conformance, "/keep") for _ in range(60)]
    before = [client.pod() for client in balanced], [client.pod() for client in persistent]
    with scaled(conformance, "sticky", 3) as pods:

        def a_new_client_is_at_the_new_pod(path: str) -> None:
            new = {Client(conformance, path).pod() for _ in range(10)}
            assert new == pods

        for path in ("/plain", "/keep"):
            eventually(lambda path=path: a_new_client_is_at_the_new_pod(path), 60)
        assert [client.pod() for client in persistent] == before[1]
        assert [client.pod() for client in balanced] != before[0]


@contextmanager
def scaled(conformance: ConformanceStack, name: str, replicas: int) -> Generator[set[str]]:
    """So many pods of a web service meanwhile, and their names."""
    of_it = ("-n", NAMESPACE, "-l", f"app={name}")
    before = len(conformance.tier.items("pods", *of_it))

    def scale(to: int) -> None:
        conformance.tier.kubectl("scale", "deployment", name, "-n", NAMESPACE, f"--replicas={to}")
        conformance.tier.kubectl("rollout", "status", "deployment", name, "-n", NAMESPACE, "--timeout=100s")

    try:
        scale(replicas)
        yield {pod["metadata"]["name"] for pod in conformance.tier.items("pods", *of_it)}
    finally:
        scale(before)


def test_a_digest_needs_a_module_that_this_controller_was_built_without(conformance: ConformanceStack) -> None:
    """It is the webhook that says so: nothing else would keep the controller from what it can't load."""
    name = object_name("rules", "auth.example", "/file")
    found = conformance.tier.kubectl("get", "ingress", name, "-n", NAMESPACE, "-o", "json")
    digest = re.sub(r'("nginx.ingress.kubernetes.io/auth-type": )"basic"', r'\1"digest"', found)
    assert digest != found
    done = conformance.tier.run("kubectl", "replace", "--dry-run=server", "-f", "-", input=digest)
    assert done.returncode != 0
    assert "auth_digest" in done.stderr


def test_requests_that_come_together_are_each_answered_by_their_own(conformance: ConformanceStack) -> None:
    asks = [Ask("regex.example", f"/strip/{number}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(conformance.controller.ask, asks))
    assert [answer.echo["path"] for answer in answers] == [f"/{number}" for number in range(40)]
