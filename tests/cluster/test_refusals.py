"""Wrong settings: one clear report, a failing exit code, and nothing changed on the cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.local import PROJECT
from tests.cluster.tier import Tier


def _fingerprint(tier: Tier) -> set[tuple[str, str]]:
    kinds = "deployments,statefulsets,services,configmaps,secrets,ingresses,jobs"
    found = tier.items(kinds, "-n", tier.namespace)
    return {(item["metadata"]["uid"], str(item["metadata"].get("generation"))) for item in found}


def _set(settings: dict[str, Any], path: str, value: object) -> None:
    *way, last = path.split("/")
    for step in way:
        settings = settings[int(step)] if isinstance(settings, list) else settings.setdefault(step, {})
    settings[last] = value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"webtier:services/user-v1/replicas": -1}, ["webtier:services.user-v1.replicas", "-1"]),
        ({"webtier:ingress/http_node_port": 80}, ["webtier:ingress.http_node_port", "80", "30000", "32767"]),
        ({"webtier:default_backend": "usr-v1"}, ["webtier:default_backend", "usr-v1", "user-v1", "pay-v1"]),
        ({"webtier:services/user-v1/replcas": 3}, ["replcas", "replicas"]),
        (
            {
                "webtier:services/user-v1/replicas": -1,
                "webtier:ingress/http_node_port": 80,
                "webtier:default_backend": "usr-v1",
                "webtier:services/user-v1/replcas": 3,
            },
            ["-1", "80", "usr-v1", "replcas"],
        ),
    ],
    ids=["replicas", "node-port", "backend", "misspelt", "all-at-once"],
)
def test_one_report_and_nothing_changed(
    tier: Tier, tmp_path: Path, changes: dict[str, object], expected: list[str]
) -> None:
    settings = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())
    for path, value in changes.items():
        _set(settings["config"], path, value)
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump(settings))
    before = _fingerprint(tier)
    done = tier.pulumi("up", "--yes", "--skip-preview", "--config-file", str(file))
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    assert [word for word in expected if word not in shown] == [], shown
    assert "Traceback" not in shown
    assert _fingerprint(tier) == before
