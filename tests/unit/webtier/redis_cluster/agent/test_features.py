"""Every feature can be left out, and is by a switch of the fault tests."""

import re
from pathlib import Path

import pytest

from tests.faults.harness.switches import SWITCHES
from webtier.redis_cluster.agent import __main__ as agent
from webtier.redis_cluster.agent import features
from webtier.redis_cluster.agent.features import Feature

USED = re.compile(r"\bFeature\.([A-Z_]+)\b")


def test_the_agent_asks_for_every_feature() -> None:
    own = Path(features.__file__)
    sources = [path.read_text() for path in own.parent.rglob("*.py") if path != own]
    assert {name for source in sources for name in USED.findall(source)} == {feature.name for feature in Feature}


def test_every_feature_is_left_out_by_a_switch() -> None:
    assert {feature for switch in SWITCHES.values() for feature in switch.features} == set(Feature)


def test_an_unknown_feature_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        agent.main(["--without=hand-over", "--without=hand_over", "converge"])
    assert ended.value.code == 2
    assert "argument --without: invalid Feature value: 'hand_over'" in capsys.readouterr().err


def test_features_are_nothing_for_users(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        agent.main(["--help"])
    assert "--without" not in capsys.readouterr().out
