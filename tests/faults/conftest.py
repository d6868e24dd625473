import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.harness.tier import Tier
from tests.faults.catalog.registry import FAULTS
from tests.faults.harness.deployment import environment_name
from tests.faults.harness.harness import FaultHarness, only_one
from tests.faults.harness.report import JSON_FILE, Report, in_words, without_file
from tests.faults.harness.switches import SWITCHES, without


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault", default="", help="names of faults, with commas between them; all if it is left out")
    parser.addoption("--long", action="store_true", help="with all faults, also those that take very long")
    parser.addoption("--times", type=int, default=1, help="how often each of them is run")
    parser.addoption("--settings", default="{}", help="JSON with settings of Redis to be changed for all faults")
    parser.addoption("--without", default="", help="a feature that is left out: its faults have to fail then")
    parser.addoption("--keep", action="store_true", help="leave the faults' Redis Cluster for the next run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault_name" not in metafunc.fixturenames:
        return
    names = chosen(metafunc.config)
    times = int(_option(metafunc.config, "--times"))
    metafunc.parametrize(
        ("fault_name", "run"),
        [
            pytest.param(
                name,
                run,
                id=name if times == 1 else f"{name}-{run}",
                marks=[pytest.mark.subset] if FAULTS[name].subset else [],
            )
            for name in names
            for run in range(1, times + 1)
        ],
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever names a fault wants that one alone."""
    if config.getoption("--fault") or config.getoption("--without"):
        named = [item for item in items if "fault_name" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in named])
        items[:] = named


def chosen(config: pytest.Config) -> list[str]:
    """The names asked for, or those that a switch is about, or all that are not too long.

    pytest.UsageError for a name that no fault has.
    """
    switch = _option(config, "--without")
    if switch and switch not in SWITCHES:
        raise pytest.UsageError(f"there is no feature '{switch}' to be left out; allowed: {', '.join(SWITCHES)}")
    names = [name for name in _option(config, "--fault").replace(",", " ").split() if name]
    for name in names:
        if name not in FAULTS:
            raise pytest.UsageError(f"there is no fault '{name}'; allowed: {', '.join(FAULTS)}")
    usual = [name for name, fault in FAULTS.items() if not fault.long or config.getoption("--long")]
    return names or (list(SWITCHES[switch].faults) if switch else usual)


def _option(config: pytest.Config, name: str) -> str:
    return str(config.getoption(name))


def _given(config: pytest.Config) -> dict[str, Any]:
    """Changes to the usual settings for all faults: those asked for, and what a switch needs."""
    switch = SWITCHES.get(_option(config, "--without"))
    return json.loads(_option(config, "--settings")) | dict(switch.settings if switch else {})


@pytest.fixture(scope="session")
def harness(request: pytest.FixtureRequest, tier: Tier) -> Iterator[FaultHarness]:
    """The faults' own Redis Cluster."""
    switch = SWITCHES.get(_option(request.config, "--without"))
    with only_one(tier, environment_name()), without(switch):
        made = FaultHarness(tier, environment_name(), _given(request.config))
        yield made
        if not request.config.getoption("--keep"):
            made.close()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    names = {
        str(item.callspec.params["fault_name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and "fault_name" in item.fixturenames
    }
    switch = _option(request.config, "--without")
    file = without_file(switch) if switch else JSON_FILE
    return Report(sorted(names), file, file.with_suffix(".md"), in_words(_given(request.config)))
