"""Which tests run beside each other.

Those of the stack `local` run one after another, and each other module by itself.
"""

from pathlib import PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("local", "conformance", "golden")
"""Folders whose tests run one after another. Those of `local` change its stack, or would see that another has."""

LONGEST = (
    "test_redis_upgrades",
    "local",
    "conformance",
    "golden",
    "test_changes",
    "test_upgrade",
    "test_network_policies",
    "test_flips",
    "test_web_service",
    "test_guards",
    "test_ingress_controller",
    "test_routes_live",
    "test_redis_standalone",
    "test_drift",
    "test_http_routes",
    "test_odd_files",
)
"""They take one to six minutes: one that begins late is waited for by all."""


def _group(nodeid: str) -> str:
    file = PurePath(nodeid.split("::", 1)[0])
    if file.parent.name in TOGETHER:
        return file.parent.name
    if file.stem == "test_examples":
        # Each has a stack and a namespace of its own.
        return nodeid
    return file.stem


class _Groups(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {group: position for position, group in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(_group(item.nodeid), len(order)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    # By number of tests the longest would not come first.
    config.option.loadscopereorder = False
    return _Groups(config, log)
