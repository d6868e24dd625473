"""The files that the stacks name, which every test here needs, and the stacks."""

import pytest

from tests.unit.environment.program.recorded_program import files_of_this_machine as files_of_this_machine
from tests.unit.environment.stack_files import STACKS


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param
