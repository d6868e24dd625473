"""What is dangerous does not pass, neither in a pull request nor in a deployment, unless it is allowed one by one."""

import json
from datetime import UTC, datetime, timedelta

import yaml

from operations.preview.engine import GATE_IS_CLOSED
from operations.preview.gate.dangers import DangerKind
from operations.preview.report.as_json import JsonDanger
from tests.cluster.golden.changes import CHANGES, PROTECTED, GoldenChange, both, put
from tests.cluster.golden.golden_stack import NAME, NAMESPACE, GoldenStack
from tests.cluster.golden.live import Fate, look
from tests.cluster.harness.sample import sampled

NO_CREDENTIALS = dict.fromkeys(
    (
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "KUBECONFIG",
        "WEBTIER_KUBECONFIG",
        "WEBTIER_REDIS_PASSWORD_FILE",
    ),
    "",
)
NO_CLUSTER = {"KUBECONFIG": "/nonexistent", "WEBTIER_KUBECONFIG": "/nonexistent"}
_CLOSING = [change for change in CHANGES if change.closes]


@sampled("change", _CLOSING, ())
def test_it_is_stopped_with_protect_and_without_and_without_a_cluster(stack: GoldenStack, change: GoldenChange) -> None:
    stack.start_from(change.before)
    stack.change(change.edit)
    assert stack.preview().code == GATE_IS_CLOSED
    assert stack.preview(**NO_CLUSTER).code == GATE_IS_CLOSED
    stack.change(both(PROTECTED, change.edit))
    previewed = stack.preview()
    assert previewed.code == GATE_IS_CLOSED
    # Not for something that is wrong in these settings.
    assert change.is_refused or {each.kind for each in previewed.report.dangers} != {DangerKind.INCOMPLETE}
    before = look(stack.tier, (NAMESPACE,), ())
    stack.change(change.edit)
    refused = stack.run("-m", "operations.deploy", "--", NAME)
    assert refused.returncode == GATE_IS_CLOSED, refused.stdout + refused.stderr
    assert "Nothing was deployed: the gate is closed" in refused.stderr
    assert Fate.between(before, look(stack.tier, (NAMESPACE,), ())) == Fate.nothing()


def test_a_deployment_does_what_was_reviewed_and_allowed_and_nothing_else(stack: GoldenStack) -> None:
    stack.start_from(put("redis/shards", 4))
    stack.change(lambda _: None)
    previewed = stack.preview()
    assert previewed.code == GATE_IS_CLOSED
    reviewed = stack.folder / "build" / "reviewed.json"
    reviewed.write_text(json.dumps(json.loads((stack.folder / "build" / "preview" / "report.json").read_text())))
    dangers = previewed.report.dangers
    assert {each.kind for each in dangers} >= {DangerKind.DELETED, DangerKind.FEWER_SHARDS}
    _allow(stack, dangers[1:])
    assert _deploy(stack, str(reviewed))[0] == GATE_IS_CLOSED
    _allow(stack, dangers)
    assert stack.preview().code == 0
    stack.change(put("services/user-v1/replicas", 3))
    code, said = _deploy(stack, str(reviewed))
    assert code == GATE_IS_CLOSED
    assert "not reviewed: " in said
    assert "Deployment::user-v1: spec.replicas" in said
    stack.change(lambda _: None)
    code, said = _deploy(stack, str(reviewed))
    assert code == 0, said
    assert len(stack.tier.items("statefulsets", "-n", NAMESPACE)) == 3
    # Run again it has nothing to do; in a pull request the allowances are in the way of what comes next.
    assert _deploy(stack, str(reviewed))[0] == 0
    assert stack.preview().code == GATE_IS_CLOSED
    (stack.folder / "allowances.yaml").unlink()
    assert stack.preview().code == 0


@sampled("name", ("image", "rule moved", "shards up", "TLS on", "label"), ("rule moved",))
def test_without_a_secret_the_pull_request_shows_the_same(stack: GoldenStack, name: str) -> None:
    [change] = [each for each in CHANGES if each.name == name]
    stack.start_from(change.before)
    stack.change(change.edit)
    full, of_fork = stack.preview().report, stack.preview(**NO_CREDENTIALS).report
    assert "placeholders for secrets" in of_fork.against
    assert of_fork.settings == full.settings
    assert of_fork.answers == full.answers
    assert of_fork.forecast.sentences == full.forecast.sentences
    assert of_fork.components == full.components


def _deploy(stack: GoldenStack, approved: str) -> tuple[int, str]:
    done = stack.run("-m", "operations.deploy", f"--approved={approved}", "--", NAME)
    return done.returncode, done.stdout + done.stderr


def _allow(stack: GoldenStack, dangers: list[JsonDanger]) -> None:
    until = datetime.now(UTC).date() + timedelta(days=1)
    entries = [
        {
            "urn": each.urn,
            "danger": each.kind,
            "reason": "its slots move to the others first",
            "author": "golden@example.com",
            "until": until,
        }
        for each in dangers
    ]
    (stack.folder / "allowances.yaml").write_text(yaml.safe_dump(entries))
