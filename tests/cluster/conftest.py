"""Which tests run beside each other: those of the stack `local` one after another, and each other module by itself."""

import pytest

USERS_OF_LOCAL = frozenset(
    {"test_embedded_cluster", "test_redeploy", "test_refusals", "test_shard_guard", "test_tier"},
)
"""They change the stack `local`, or would see that another test has."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.path.stem
        item.add_marker(pytest.mark.xdist_group("local" if module in USERS_OF_LOCAL else module))
