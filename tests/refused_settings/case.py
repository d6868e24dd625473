"""Settings that have to be refused, and how."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused:
    """`yaml` is what stands below the key that the table is about.

    The report names `key`, below it, with its `value` as JSON, None where nothing is set, and then says `reason`.
    """

    name: str
    yaml: str
    key: str
    value: str | None
    reason: str
