"""Which version of a stack's state something is compared with: the last update, its time, and its commit."""

import json
from collections.abc import Mapping
from typing import Any

from command_line.pulumi_runner import Pulumi

_SHORT = 12
_UNITS = {"update": "updated", "refresh": "refreshed", "destroy": "destroyed", "import": "imported"}


def state_version(pulumi: Pulumi, stack: str) -> str:
    """`its state, updated 2026-11-26T19:29:43Z from the commit c5d428445416`; what is not known is left out.

    An update that is at work, or has failed, is said: what is there then may not be what a commit asked for.
    """
    done = pulumi.attempt("stack", "history", "--stack", stack, "--json", "--page-size", "1")
    history: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
    if not history:
        return "its state, which no update has written"
    last = history[0]
    said = f"its state, {_UNITS.get(last['kind'], last['kind'])} {last['startTime'].replace('.000Z', 'Z')}"
    if (number := last.get("version")) and isinstance(number, int):
        said += f" (version {number})"
    return f"{said}{_origin(last.get('environment') or {})}{_result(last.get('result', ''))}"


def _origin(environment: Mapping[str, str]) -> str:
    if not (commit := environment.get("git.head", "")):
        return ""
    changed = " with changes that no commit has" if environment.get("git.dirty") == "true" else ""
    return f" from the commit {commit[:_SHORT]}{changed}"


def _result(result: str) -> str:
    match result:
        case "succeeded" | "":
            return ""
        case "in-progress":
            return ", which is at work or was cut off"
        case _:
            return f", which {result}"
