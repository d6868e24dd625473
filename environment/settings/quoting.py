"""How a wrong value would be written right, and at which key: what YAML and `pulumi config set` made of it."""

import copy
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from environment.settings.plain_data import as_list, as_object, value_at
from environment.settings.report import key_text, problem_from_pydantic
from environment.settings.schema import Node, SettingsSchema
from webtier.shared.problems import Place, Problem

_HIDDEN = "…"


@dataclass(frozen=True)
class _Respelled:
    """What a value was probably meant to be, and how that is said."""

    value: str | float | bool
    hint: str


def with_right_spelling(
    problems: Sequence[Problem],
    model: type[BaseModel],
    values: Mapping[str, Any],
    schema: SettingsSchema,
    namespace: str,
    secret_keys: Collection[str],
) -> list[Problem]:
    """The same problems, saying where quotes alone are missing, or too many: in YAML, and for `pulumi config set`.

    Only where the value would then be right.
    """
    found = {problem.place: _respelled(problem, schema, namespace, secret_keys) for problem in problems}
    respelled = {place: each for place, each in found.items() if each is not None}
    if not respelled:
        return list(problems)
    changed = copy.deepcopy(dict(values))
    for place, each in respelled.items():
        _set(changed, place, each.value)
    still_wrong = _messages(model, changed, schema)
    return [
        replace(problem, message=_message(problem, respelled[problem.place], still_wrong))
        if problem.place in respelled
        else problem
        for problem in problems
    ]


def _message(problem: Problem, respelled: _Respelled, still_wrong: Mapping[Place, str]) -> str:
    """What is said of the value as it is, or of what was meant where that would be wrong too."""
    return still_wrong.get(problem.place) or f"{problem.message}; {respelled.hint}"


def at_its_key(problem: Problem, written: Mapping[str, object]) -> Problem:
    """A problem with one value of a group, which may be written in a shorter form, at that value's key.

    So it stands at `rewrite` for `rewrite: strip_prefix`, and at `rewrite.kind` for `rewrite: {kind: strip_prefix}`.
    """
    if not problem.has_value or not isinstance(problem.value, str):
        return problem
    found: object = written
    for part in problem.place:
        found = value_at(found, part)
    keys = [key for key, value in (as_object(found) or {}).items() if value == problem.value]
    return replace(problem, place=(*problem.place, keys[0])) if len(keys) == 1 else problem


def _respelled(
    problem: Problem, schema: SettingsSchema, namespace: str, secret_keys: Collection[str]
) -> _Respelled | None:
    node = schema.at(problem.place) if problem.has_value and problem.place else None
    if node is None:
        return None
    kinds, value = _types(schema, node), problem.value
    shown = problem.place[0] not in secret_keys
    if "string" in kinds and "object" not in kinds and _is_other_scalar(value, kinds):
        text = "" if value is None else json.dumps(value)
        return _Respelled(text, _as_text(namespace, problem.place, text if shown else _HIDDEN))
    bare = _bare(value, kinds) if isinstance(value, str) and "string" not in kinds else None
    if bare is None:
        return None
    written = json.dumps(bare) if shown else _HIDDEN
    return _Respelled(bare, _as_number(namespace, problem.place, written, is_float=isinstance(bare, float)))


def _is_other_scalar(value: object, kinds: set[str]) -> bool:
    """Whether a value is a number, a boolean or null, where that is none of the types wanted."""
    match value:
        case None:
            return "null" not in kinds
        case bool():
            return "boolean" not in kinds
        case int() | float():
            return not kinds & {"integer", "number"}
        case _:
            return False


def _types(schema: SettingsSchema, node: Node) -> set[str]:
    """The JSON types that a node allows."""
    node = schema.resolved(node)
    if "anyOf" in node:
        return {kind for variant in node["anyOf"] for kind in _types(schema, variant)}
    return {node.get("type", "string" if "enum" in node or "const" in node else "")}


def _bare(text: str, kinds: set[str]) -> float | bool | None:
    """What a text stands for without its quotes, where such a value is wanted."""
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if "integer" in kinds and re.fullmatch("-?(0|[1-9][0-9]*)", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text):
        return float(text)
    return None


def _as_text(namespace: str, place: Place, text: str) -> str:
    written = _in_yaml(place, json.dumps(text, ensure_ascii=False))
    command = _command(namespace, place, "--type string ", shlex.quote(text))
    return f"what YAML would read as something else stands in quotes, as it shall arrive: {written}, or: {command}"


def _as_number(namespace: str, place: Place, text: str, *, is_float: bool) -> str:
    command = _command(namespace, place, "--type float " if is_float else "", text)
    return f"this stands without quotes: {_in_yaml(place, text)}, or: {command}"


def _command(namespace: str, place: Place, kind: str, value: str) -> str:
    """By which `pulumi config set` writes a value; of what begins with '-' it would think that it is an option."""
    before = "-- " if value.startswith("-") else ""
    return f"pulumi config set --path {kind}{shlex.quote(key_text(namespace, place))} {before}{value}"


def _in_yaml(place: Place, value: str) -> str:
    return f"{place[-1]}: {value}" if isinstance(place[-1], str) else f"- {value}"


def _set(values: dict[str, Any], place: Place, value: object) -> None:
    *way, last = place
    group: object = values
    for part in way:
        group = value_at(group, part)
    items = as_list(group)
    if items is not None and isinstance(last, int):
        items[last] = value
    elif isinstance(group, dict):
        cast("dict[str | int, object]", group)[last] = value


def _messages(model: type[BaseModel], values: Mapping[str, Any], schema: SettingsSchema) -> dict[Place, str]:
    """What is wrong with these values, by place."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        found = [problem_from_pydantic(details, values, schema) for details in error.errors(include_url=False)]
        return {problem.place: problem.message for problem in found}
    return {}
