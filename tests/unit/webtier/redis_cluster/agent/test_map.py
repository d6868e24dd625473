"""docs/redis-agent.md names every module of the agent, and none that is not there."""

import re
from pathlib import Path

from webtier.redis_cluster import agent

AGENT = Path(agent.__file__).parent
MAP = Path(__file__).parents[5] / "docs" / "redis-agent.md"


def test_the_map_names_the_modules_that_are_there() -> None:
    modules = {path.relative_to(AGENT).as_posix() for path in AGENT.rglob("*.py") if path.name != "__init__.py"}
    named = set(re.findall(r"`([\w/]+\.py)`", MAP.read_text()))
    assert {module for module in modules if not named & {module, module.rpartition("/")[2]}} == set()
    elsewhere = {name for name in named if name.startswith(("pod/", "tests/"))}
    assert {
        name for name in named - elsewhere if not any(f"/{module}".endswith(f"/{name}") for module in modules)
    } == set()
