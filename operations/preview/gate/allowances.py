"""What somebody has allowed: dangers one by one, in a file that is part of the pull request that brings them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from command_line.errors import UserError
from operations.preview.gate.dangers import Danger, DangerKind
from operations.stacks import PROJECT

FILE = PROJECT / "allowances.yaml"
_NEVER = (DangerKind.INCOMPLETE, DangerKind.REFUSED, DangerKind.ALLOWANCE)
"""An allowance names a resource and no policy, so it would let all policies through: the level of one does that."""
ALLOWABLE = tuple(kind for kind in DangerKind if kind not in _NEVER)
_KEYS = "urn, danger, reason, author and until"


def _a_date(value: object) -> object:
    # YAML reads a time where one is written, and pydantic would take a number for seconds since 1970.
    if type(value) is date or (isinstance(value, str) and len(value) == len("2026-01-31")):
        return value
    raise ValueError("a date such as 2026-01-31")


class Allowance(BaseModel):
    """One danger of one resource that is allowed to happen until the end of a day (UTC), why, and who says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urn: str = Field(pattern=r"^urn:pulumi:[^:]+::[^:]+::.+::.+$")
    danger: DangerKind
    reason: str = Field(min_length=10)
    author: str = Field(min_length=2)
    until: Annotated[date, BeforeValidator(_a_date)]

    @field_validator("danger")
    @classmethod
    def _is_allowable(cls, danger: DangerKind) -> DangerKind:
        if danger not in ALLOWABLE:
            raise ValueError(f"one of {', '.join(ALLOWABLE)}; nothing else can be allowed")
        return danger

    @property
    def stack(self) -> str:
        return self.urn.split("::", 1)[0].rpartition(":")[2]


def read_allowances(file: Path = FILE) -> list[Allowance]:
    """All of them; none where there is no file. UserError names each entry that is wrong, and what is allowed."""
    try:
        read: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{file.name} can't be read: {error}") from None
    if read is None:
        return []
    if not isinstance(read, list):
        raise UserError(f"{file.name} is no list. Each of its entries has {_KEYS}.")
    found: list[Allowance] = []
    problems: list[str] = []
    for number, entry in enumerate(cast("list[Any]", read), 1):
        try:
            found.append(Allowance.model_validate(entry))
        except ValidationError as error:
            problems += (f"  entry {number}, {_said(each)}" for each in error.errors())
    if problems:
        lines = "\n".join(problems)
        raise UserError(f"{file.name} has entries that allow nothing:\n{lines}\nEach entry has {_KEYS}.")
    return found


def _said(error: Any) -> str:
    place = ".".join(map(str, error["loc"])) or "the whole"
    return f"{place}: {error['msg']}; it is {error['input']!r}"


def judged(stack: str, dangers: Iterable[Danger], allowances: Iterable[Allowance], today: date) -> Iterator[Danger]:
    """The dangers, with the allowance of each that has one; then allowances that have expired or fit nothing."""
    own = [each for each in allowances if each.stack == stack]
    used: set[Allowance] = set()
    for danger in dangers:
        fitting = [each for each in own if (each.urn, each.danger) == (danger.urn, danger.kind)]
        used.update(fitting)
        valid = [each for each in fitting if each.until >= today]
        if valid:
            given = valid[0]
            yield danger.allowed_by(f"{given.reason} ({given.author}, until {given.until})")
        elif fitting:
            yield danger.with_word(f"Its allowance ended on {fitting[-1].until}.")
        else:
            yield danger
    for each in own:
        if each not in used:
            what = (
                f"'{each.danger}' is allowed for this resource, and does not happen: take the entry out of {FILE.name}."
            )
            yield Danger(DangerKind.ALLOWANCE, each.urn, what)


def closing(dangers: Sequence[Danger]) -> list[Danger]:
    """Those that keep the gate closed."""
    return [each for each in dangers if not each.allowance]
