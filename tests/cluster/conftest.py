"""Which tests run beside each other.

Those of the stack `local` run one after another, and each other module or package by itself.
"""

from pathlib import PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

USERS_OF_LOCAL = frozenset({"test_embedded_cluster", "test_redeploy", "test_refusals", "test_shard_guard", "test_tier"})
"""They change the stack `local`, or would see that another test has."""


class _Groups(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = PurePath(nodeid.split("::", 1)[0])
        if file.parent.name != PurePath(__file__).parent.name:
            return file.parent.name
        return "local" if file.stem in USERS_OF_LOCAL else file.stem


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Groups(config, log)
