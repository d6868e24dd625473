"""One wrong rule, and the report that it has to get."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused:
    """`yaml` is what stands below `config`, with `webtier:` left out: `routes`, and `hosts` or `default_backend`.

    The web services of the stack are user-v1, user-v2, pay-v1 and errors. The report names `key` with its `value` as
    JSON, None where nothing is set, and then says `reason`.
    """

    name: str
    yaml: str
    key: str
    value: str | None
    reason: str


SERVICES = "a web service of this stack: errors, pay-v1, user-v1, user-v2"
CANARY = "kind: weight, backend: user-v2, weight: 20"


def one(rule: str) -> str:
    """A rule for /a to user-v1 that says this too."""
    return f"routes: [{{path: /a, backend: user-v1, {rule}}}]"
