"""All that is wrong with a stack's settings, in the words that the user wrote them in."""

import json
import re
from collections.abc import Collection, Mapping, Sequence

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from environment.settings.model import EnvironmentSettings
from environment.settings.plain_data import as_list, as_object, value_at
from environment.settings.raw_config import NAMESPACE
from environment.settings.schema import SettingsSchema
from environment.settings.spelling import nearest_of, unknown_key
from webtier.shared.problems import Place, Problem

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LONGEST_VALUE = 200
MOST_PROBLEMS = 100
"""That are shown: a mistake made in every one of thousands of rules is understood before."""


class SettingsError(pulumi.RunError):
    """The stack's settings are wrong. Pulumi prints its text without a stack trace."""

    def __init__(self, stack: str, problems: Sequence[Problem], secret_keys: Collection[str] = ()) -> None:
        super().__init__(_rendered(stack, problems, secret_keys))
        self.problems = tuple(problems)


def _rendered(stack: str, problems: Sequence[Problem], secret_keys: Collection[str]) -> str:
    """One paragraph a problem: the key as the user writes it, its value, what is allowed."""
    count = len(problems)
    noun = "setting is" if count == 1 else "settings are"
    lines = [f"{count} {noun} wrong in the stack '{stack}'; nothing was changed.", ""]
    for problem in problems[:MOST_PROBLEMS]:
        value = ""
        if problem.has_value:
            hidden = bool(problem.place) and problem.place[0] in secret_keys
            value = " = (secret)" if hidden else f" = {_shown(problem.value)}"
        lines += [f"  {key_text(problem.place)}{value}", f"      {problem.message}"]
    if count > MOST_PROBLEMS:
        lines += ["", f"  … and {count - MOST_PROBLEMS} more, which are shown when these are mended."]
    where = f"Set in Pulumi.{stack}.yaml, or with 'pulumi config set --path'"
    return "\n".join([*lines, "", f"{where}; docs/configuration.md describes every key."])


def key_text(place: Place) -> str:
    """A place as `pulumi config set --path` takes it: `webtier:routes[0].backend`."""
    text = f"{NAMESPACE}:"
    for position, part in enumerate(place):
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += part if position == 0 else f".{part}"
        else:
            text += f"[{json.dumps(part)}]"
    return text


def validated(values: Mapping[str, object], schema: SettingsSchema) -> tuple[EnvironmentSettings | None, list[Problem]]:
    """The settings, or what is wrong with them."""
    try:
        return EnvironmentSettings.model_validate(values), []
    except ValidationError as error:
        return None, [_problem(details, values, schema) for details in error.errors(include_url=False)]


def _problem(error: ErrorDetails, values: Mapping[str, object], schema: SettingsSchema) -> Problem:
    """A pydantic error as a problem, at the place where the user finds it in the config."""
    place = _user_place(error["loc"], values, schema)
    kind = error["type"]
    if kind == "missing":
        node = schema.at(place) or {}
        return Problem(place, f"not set, but needed: {node.get('description', '')}", has_value=False)
    if kind == "extra_forbidden":
        return Problem(place, unknown_key(place, schema), has_value=False)
    group = as_object(error["input"])
    kinds = schema.kinds(place)
    if kind in ("union_tag_invalid", "union_tag_not_found") and group is not None and kinds is not None:
        return _unknown_kind(place, group, *kinds)
    return Problem(place, _message(error, place, schema), error["input"])


def _unknown_kind(place: Place, group: Mapping[str, object], key: str, kinds: Sequence[str]) -> Problem:
    """A group that can be one of several kinds, and is of none of them."""
    allowed = "one of " + ", ".join(f"'{kind}'" for kind in kinds)
    if key not in group:
        return Problem((*place, key), f"not set, but needed: {allowed}", has_value=False)
    return Problem((*place, key), f"{nearest_of(group[key], kinds)}allowed: {allowed}", group[key])


def _message(error: ErrorDetails, place: Place, schema: SettingsSchema) -> str:
    text = error["msg"].removeprefix("Value error, ")
    if "allowed:" in text:
        return text
    node = schema.at(place)
    return text if node is None else f"allowed: {schema.describe(node)}"


def _user_place(location: tuple[int | str, ...], values: Mapping[str, object], schema: SettingsSchema) -> Place:
    # pydantic adds steps of its own (a union's alternative, '[key]') that are in no file. A setting
    # that is left out is in no file either, but its default may be what is wrong.
    place: list[str | int] = []
    current: object = values
    of_known_kind: Place | None = None
    for position, part in enumerate(location):
        group, items = as_object(current), as_list(current)
        kinds = schema.kinds(tuple(place))
        if kinds is not None and of_known_kind != tuple(place) and (group or {}).get(kinds[0]) == part:
            # pydantic's step into the alternative of this kind, which may be called as one of its keys.
            of_known_kind = tuple(place)
            continue
        is_last_key = group is not None and position == len(location) - 1 and part != "[key]"
        if (
            (group is not None and part in group)
            or (items is not None and isinstance(part, int) and part < len(items))
            or is_last_key
            or (not isinstance(current, str) and schema.at((*place, part)) is not None)
        ):
            place.append(part)
            current = value_at(current, part)
    return tuple(place)


def _shown(value: object) -> str:
    group = as_object(value)
    if group is not None:
        return "an object with " + (", ".join(group) or "no keys")
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
