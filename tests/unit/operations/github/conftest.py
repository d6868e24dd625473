"""The server that stands for GitHub's API."""

from collections.abc import Iterator

import pytest

from tests.unit.operations.github.api_server import Api, running_api


@pytest.fixture
def api() -> Iterator[Api]:
    with running_api() as running:
        yield running
