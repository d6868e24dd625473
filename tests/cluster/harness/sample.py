"""Long lists of cases: `make test` tries a few of each list, and `make nightly` the others."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def sampled(
    argument: str, cases: Iterable[Case], each_time: Collection[str], name: Callable[[Case], str] = str
) -> pytest.MarkDecorator:
    """A test's cases as its argument, called by their names; those not in `each_time` are left to `make nightly`.

    Raises ValueError for a name in `each_time` that no case has, so that a sample can't become empty unnoticed.
    """
    named = {name(case): case for case in cases}
    if unknown := set(each_time) - set(named):
        raise ValueError(f"no case is called {', '.join(sorted(unknown))}")
    nightly = [pytest.mark.nightly]
    values = [pytest.param(case, id=key, marks=[] if key in each_time else nightly) for key, case in named.items()]
    return pytest.mark.parametrize(argument, values)
