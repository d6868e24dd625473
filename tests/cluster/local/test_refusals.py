"""Wrong settings: one clear report, a failing exit code, and nothing changed on the cluster."""

import shlex
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

from environment.field_manager import ANNOTATION
from operations.local import PROJECT, STACK
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.tier import Tier
from tests.refused_rules import Refused as RefusedStack
from tests.refused_settings.case import Refused
from tests.refused_settings.redis import REFUSED
from tests.refused_settings.web_services import REFUSED_WEB_SERVICES
from tests.refused_stacks import REFUSED as REFUSED_STACKS


def _fingerprint(tier: Tier) -> set[tuple[str, str]]:
    kinds = "deployments,statefulsets,services,configmaps,secrets,ingresses,jobs"
    anybodys = tier.items("persistentvolumes,storageclasses")
    own = {ANNOTATION: f"webtier-{STACK}"}.items()
    found = tier.items(kinds, "-n", tier.namespace)
    found += [item for item in anybodys if own <= item["metadata"].get("annotations", {}).items()]
    # Where an object has no generation, nobody but its users writes to it.
    versions = ((item["metadata"], item["metadata"].get("generation")) for item in found)
    return {(metadata["uid"], str(generation or metadata["resourceVersion"])) for metadata, generation in versions}


def _set(settings: Any, path: str, value: object) -> None:
    *way, last = path.split("/")
    for step in way:
        settings = settings[int(step)] if step.isdecimal() else settings.setdefault(step, {})
    settings[last] = value


_CHANGES: dict[str, tuple[dict[str, object], list[str]]] = {
    "replicas": ({"webtier:services/user-v1/replicas": -1}, ["webtier:services.user-v1.replicas", "-1"]),
    "node-port": (
        {"webtier:ingress/http_node_port": 80},
        ["webtier:ingress.http_node_port", "80", "30000", "32767"],
    ),
    "backend": ({"webtier:default_backend": "usr-v1"}, ["webtier:default_backend", "usr-v1", "user-v1", "pay-v1"]),
    "misspelt": ({"webtier:services/user-v1/replcas": 3}, ["replcas", "replicas"]),
    "all-at-once": (
        {
            "webtier:services/user-v1/replicas": -1,
            "webtier:ingress/http_node_port": 80,
            "webtier:default_backend": "usr-v1",
            "webtier:services/user-v1/replcas": 3,
        },
        ["-1", "80", "usr-v1", "replcas"],
    ),
}


@sampled("case", _CHANGES, ("all-at-once",))
def test_one_report_and_nothing_changed(tier: Tier, tmp_path: Path, case: str) -> None:
    changes, expected = _CHANGES[case]
    shown = _report(tier, tmp_path, changes)
    assert [word for word in expected if word not in shown] == [], shown


def _check(shown: str, key: str, refused: Refused | RefusedStack) -> None:
    value = "" if refused.value is None else f" = {refused.value}"
    assert f"webtier:{key}{value}\n" in shown
    assert refused.reason in shown


# Of each check one; tests/unit/webtier/redis_cluster/test_refusals.py has all of them.
_REDIS = (
    "no shards",
    "too many nodes",
    "members that must not share a node and have to",
    "nothing kept",
    "storage kind",
    "a volume smaller than the data",
)


@sampled("refused", [each for each in REFUSED if each.name in _REDIS], ("too many nodes",), attrgetter("name"))
def test_a_redis_that_can_not_be_changes_nothing(tier: Tier, tmp_path: Path, refused: Refused) -> None:
    shown = _report(tier, tmp_path, {"webtier:redis": yaml.safe_load(refused.yaml)})
    _check(shown, f"redis.{refused.key}", refused)


# Of each check one; tests/unit/environment/test_service_refusals.py has all of them.
_SERVICES = (
    "a NodePort of a headless service",
    "replicas under autoscaling",
    "a budget that keeps every pod",
    "a rollout that can't begin",
    "a file in a folder that can't be written to",
    "a recommended label",
)


@sampled(
    "refused",
    [each for each in REFUSED_WEB_SERVICES if each.name in _SERVICES],
    ("a budget that keeps every pod",),
    attrgetter("name"),
)
def test_a_web_service_that_can_not_be_changes_nothing(tier: Tier, tmp_path: Path, refused: Refused) -> None:
    settings = {"image": "webtier.local/nginx:debian-12", **yaml.safe_load(refused.yaml)}
    shown = _report(tier, tmp_path, {"webtier:services/user-v1": settings})
    _check(shown, f"services.user-v1.{refused.key}", refused)


# Of each kind one; tests/unit/environment/test_stack_refusals.py has all of them.
_STACKS = (
    "a path to itself",
    "over the rules of every host",
    "more redirects than browsers follow",
    "an IPv4 address as a host",
    "a URL as the node",
    "a netmask",
    "proxy-body-size as 8Mi",
    "an option misspelt",
    "an unknown variable",
    "a list by everybody's header",
    "NodePorts beyond the last",
    "a size of a body without quotes",
)


@sampled(
    "refused",
    [each for each in REFUSED_STACKS if each.name in _STACKS],
    ("over the rules of every host", "an unknown variable"),
    attrgetter("name"),
)
def test_a_stack_that_can_not_be_changes_nothing(tier: Tier, tmp_path: Path, refused: RefusedStack) -> None:
    changes = {f"webtier:{key}": value for key, value in yaml.safe_load(refused.yaml).items()}
    shown = _report(tier, tmp_path, changes)
    _check(shown, refused.key, refused)


@pytest.mark.nightly
def test_the_command_that_a_report_gives_writes_what_is_taken(tier: Tier, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    settings = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())

    def run(arguments: list[str]) -> dict[str, Any]:
        # Before all else, since what comes after '--' is no option.
        done = tier.run("pulumi", "--config-file", str(file), "--stack", STACK, "--non-interactive", *arguments)
        assert done.returncode == 0, done.stderr
        return yaml.safe_load(file.read_text())["config"]["webtier:services"]["user-v1"]["env"]

    file.write_text(yaml.safe_dump(settings))
    assert run(["config", "set", "--path", "webtier:services.user-v1.env.PORT", "8080"]) == {"PORT": 8080}
    shown = _report(tier, tmp_path, {"webtier:services/user-v1/env": {"PORT": 8080, "LEVEL": -1}})
    commands = [shlex.split(line.split(", or: pulumi ")[1]) for line in shown.splitlines() if ", or: pulumi " in line]
    assert len(commands) == 2
    for command in commands:
        run(command)
    assert run(["config", "set", "--path", "webtier:services.user-v1.env.MORE", "x"]) == {
        "PORT": "8080",
        "LEVEL": "-1",
        "MORE": "x",
    }


def _report(tier: Tier, folder: Path, changes: dict[str, object]) -> str:
    """What `pulumi up` with these changes says; it has to fail, and to change nothing."""
    settings = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())
    for path, value in changes.items():
        _set(settings["config"], path, value)
    file = folder / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump(settings))
    before = _fingerprint(tier)
    done = tier.pulumi("up", "--yes", "--skip-preview", "--config-file", str(file))
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    assert "nothing was changed" in shown, shown
    assert "Traceback" not in shown
    assert _fingerprint(tier) == before
    return shown
