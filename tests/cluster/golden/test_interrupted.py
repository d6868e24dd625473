"""An update that is cut off: the next preview says what is pending, and the next update finishes it."""

import os
import signal
import subprocess
import time

import pytest

from command_line.pulumi_runner import Pulumi
from tests.cluster.golden.changes import Edit, both, put, rule
from tests.cluster.golden.golden_stack import INGRESS_NAMESPACE, NAME, NAMESPACE, PASSWORD, GoldenStack
from tests.cluster.golden.live import look, wait_until_settled
from tests.cluster.golden.meanwhile import Writes, lost
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.stacks.copied_stack import steps_done, steps_told

_NAMESPACES = (NAMESPACE, INGRESS_NAMESPACE)
_MOMENTS = [(number, sent) for number in range(10) for sent in (signal.SIGINT, signal.SIGKILL)]
_CHANGE: Edit = both(
    put("services/user-v1/image", "webtier.local/nginx:golden"),
    put("services/user-v1/labels", {"team": "golden"}),
    put("services/other-v1", {"image": "webtier.local/nginx:debian-12", "replicas": 1}),
    put("redis/shards", 4),
    rule(0, cors={"origins": ["https://a.example"]}),
)
"""Objects that are made, changed and waited for, in every component, and a Job that moves slots."""


@pytest.fixture(scope="module")
def whole(stack: GoldenStack) -> tuple[float, frozenset[str]]:
    """How long the update takes that nothing cuts off, and the objects that are there then."""
    stack.start_from(lambda _: None)
    stack.change(_CHANGE)
    begin = time.monotonic()
    change, said = stack.up()
    assert change.succeeded, said
    return time.monotonic() - begin, frozenset(look(stack.tier, _NAMESPACES, ()).objects)


@sampled("moment", _MOMENTS, (), lambda each: f"{each[0]}-{each[1].name}")
def test_what_is_cut_off_is_pending_and_is_finished(
    stack: GoldenStack, whole: tuple[float, frozenset[str]], moment: tuple[int, signal.Signals]
) -> None:
    seconds, objects = whole
    number, sent = moment
    stack.start_from(lambda _: None)
    stack.change(_CHANGE)
    # As after a merge, whose deployment is then cut off.
    stack.commit()
    with Writes(PASSWORD) as writes:
        _cut_off(stack, seconds * (number + 0.5) / 10, sent)
        previewed = stack.preview()
        report = previewed.report
        assert report.components == []
        again, said = stack.up()
        assert again.succeeded, said
        # Of an update that is cut off at its very end nothing is left to do.
        assert steps_told(report) == steps_done(again), previewed.shown[0]
        wait_until_settled(stack.tier, _NAMESPACES)
    assert frozenset(look(stack.tier, _NAMESPACES, ()).objects) == objects
    # Their names are compared without their ends.
    assert len(stack.tier.items("jobs", "-n", NAMESPACE)) == 1
    assert stack.preview().report.verdict == "no changes"
    assert lost(writes.written, PASSWORD) == []


def _cut_off(stack: GoldenStack, after: float, sent: signal.Signals) -> None:
    """Begins the update, and ends it after so many seconds. A lock that is left is taken away, as a person does."""
    words = ["pulumi", "up", "--stack", NAME, "--yes", "--skip-preview", "--non-interactive"]
    environment = {**os.environ, **stack.environment}
    with subprocess.Popen(
        words,
        cwd=stack.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        time.sleep(after)
        ended = process.poll() is not None
        if not ended and sent is signal.SIGKILL:
            # And with it all that it has started, as in a power cut.
            os.killpg(process.pid, sent)
        elif not ended:
            process.send_signal(sent)
        process.wait(timeout=300)
    Pulumi(stack.folder, stack.environment).attempt("cancel", "--stack", NAME, "--yes")
