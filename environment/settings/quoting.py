"""How a wrong value would be written right, and at which key: what YAML and `pulumi config set` made of it."""

import copy
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, cast

from environment.settings.plain_data import as_object, value_at
from environment.settings.report import key_text, validated
from environment.settings.schema import Node, SettingsSchema
from webtier.shared.problems import Place, Problem

_HIDDEN = "…"

_SCALARS: Mapping[type[object], set[str]] = {
    type(None): {"null"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"integer", "number"},
}
"""What YAML can make of a text without quotes, and the types that such a value can be meant for."""

_Meant = tuple[str | int, str]
"""What a value was probably meant to be, and how that is said."""


def with_right_spelling(
    problems: Sequence[Problem], values: Mapping[str, Any], schema: SettingsSchema, secret_keys: Collection[str]
) -> list[Problem]:
    """The same problems, saying where quotes alone are missing, or too many: in YAML, and for `pulumi config set`.

    Only where the value would then be right.
    """
    found = ((problem.place, _meant(problem, schema, secret_keys)) for problem in problems)
    meant = {place: each for place, each in found if each is not None}
    if not meant:
        return list(problems)
    changed = copy.deepcopy(dict(values))
    for place, (value, _) in meant.items():
        _set(changed, place, value)
    still_wrong = {problem.place: problem.message for problem in validated(changed, schema)[1]}

    def message(problem: Problem) -> str:
        if problem.place not in meant:
            return problem.message
        return still_wrong.get(problem.place) or f"{problem.message}; {meant[problem.place][1]}"

    return [replace(problem, message=message(problem)) for problem in problems]


def at_its_key(problem: Problem, written: Mapping[str, object]) -> Problem:
    """A problem with one value of a group, which may be written in a shorter form, at that value's key.

    So it stands at `rewrite` for `rewrite: strip_prefix`, and at `rewrite.kind` for `rewrite: {kind: strip_prefix}`.
    """
    if not problem.has_value or not isinstance(problem.value, str):
        return problem
    found = as_object(reduce(value_at, problem.place, written)) or {}
    keys = [key for key, value in found.items() if value == problem.value]
    return replace(problem, place=(*problem.place, keys[0])) if len(keys) == 1 else problem


def _meant(problem: Problem, schema: SettingsSchema, secret_keys: Collection[str]) -> _Meant | None:
    node = schema.at(problem.place) if problem.has_value and problem.place else None
    if node is None:
        return None
    kinds, value = _types(schema, node), problem.value
    shown = problem.place[0] not in secret_keys
    if "string" in kinds and "object" not in kinds and not kinds & _SCALARS.get(type(value), kinds):
        text = "" if value is None else json.dumps(value)
        return text, _as_text(problem.place, text if shown else _HIDDEN)
    bare = _bare(value, kinds) if isinstance(value, str) and "string" not in kinds else None
    if bare is None:
        return None
    return bare, _as_bare(problem.place, json.dumps(bare) if shown else _HIDDEN)


def _types(schema: SettingsSchema, node: Node) -> set[str]:
    """The JSON types that a node allows."""
    node = schema.resolved(node)
    if "anyOf" in node:
        return {kind for variant in node["anyOf"] for kind in _types(schema, variant)}
    return {node.get("type", "string" if "enum" in node or "const" in node else "")}


def _bare(text: str, kinds: set[str]) -> int | None:
    """What a text stands for without its quotes, where such a value is wanted."""
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if "integer" in kinds and re.fullmatch("-?(0|[1-9][0-9]*)", text):
        return int(text)
    return None


def _as_text(place: Place, text: str) -> str:
    written = _in_yaml(place, json.dumps(text, ensure_ascii=False))
    command = _command(place, "--type string ", shlex.quote(text))
    return f"what YAML would read as something else stands in quotes, as it shall arrive: {written}, or: {command}"


def _as_bare(place: Place, text: str) -> str:
    command = _command(place, "", text)
    return f"this stands without quotes: {_in_yaml(place, text)}, or: {command}"


def _command(place: Place, kind: str, value: str) -> str:
    """By which `pulumi config set` writes a value; of what begins with '-' it would think that it is an option."""
    before = "-- " if value.startswith("-") else ""
    return f"pulumi config set --path {kind}{shlex.quote(key_text(place))} {before}{value}"


def _in_yaml(place: Place, value: str) -> str:
    return f"{place[-1]}: {value}" if isinstance(place[-1], str) else f"- {value}"


def _set(values: dict[str, Any], place: Place, value: object) -> None:
    *way, last = place
    # What is wrong can also be a default, which is nowhere.
    group = reduce(value_at, way, values)
    if isinstance(group, list | dict):
        cast("Any", group)[last] = value
