"""The server that stands for GitHub's API."""

from tests.unit.operations.github.conftest import api as api
