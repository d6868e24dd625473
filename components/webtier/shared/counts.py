"""A number of pods: as such, or as a part of all of them."""

import re
from typing import Annotated

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

MOST_PODS = 1000

_PERCENT = re.compile(r"(100|[1-9]?[0-9])%")


def _check_count(count: object) -> object:
    is_number = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MOST_PODS
    is_percent = isinstance(count, str) and _PERCENT.fullmatch(count) is not None
    if not is_number and not is_percent:
        raise PydanticCustomError("pod_count", "allowed: a whole number from 0 to 1000, or text from '0%' to '100%'")
    return count


PodCount = Annotated[
    int | str, PlainValidator(_check_count, json_schema_input_type=Annotated[int, Field(ge=0, le=MOST_PODS)] | str)
]
"""`2`, or `'25%'` of the pods."""


def pods_of(count: int | str, pods: int) -> int:
    """How many of so many pods a count stands for; a part of one counts as one, as a disruption budget has it."""
    return count if isinstance(count, int) else -(-int(count.removesuffix("%")) * pods // 100)


def is_none(count: int | str) -> bool:
    """Whether a count stands for no pod at all, however many there are."""
    return count in (0, "0%")
