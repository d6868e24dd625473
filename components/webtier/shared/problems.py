"""What is wrong with settings, said so that it can be reported together with all else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Value = TypeVar("Value")

Place = tuple[str | int, ...]
"""Where a setting stands: keys and list positions, from the outermost."""


@dataclass(frozen=True)
class Problem:
    """One wrong setting. `message` says what is allowed and what to do, without place or value."""

    place: Place
    message: str
    value: object = None
    has_value: bool = True


class WrongSettingsError(ValueError):
    """Settings that were given to a component directly, and all that is wrong with them."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        lines = [f"{subject}:"]
        for problem in self.problems:
            place = ".".join(str(part) for part in problem.place)
            value = f" = {problem.value!r}" if problem.has_value else ""
            lines.append(f"  {place}{value}: {problem.message}")
        super().__init__("\n".join(lines))


def wrong_setting(place: Place, message: str, value: object) -> ValidationError:
    """For a model's validator to raise: an error at one of its settings, where the model as a whole would be vague.

    `message` says what is allowed, without place or value.
    """
    return wrong_settings([Problem(place, message, value)])


def wrong_settings(problems: Iterable[Problem]) -> ValidationError:
    """The same for several of its settings at once."""
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("wrong_setting", "{message}", {"message": problem.message}),
            loc=problem.place,
            input=problem.value,
        )
        for problem in problems
    ]
    return ValidationError.from_exception_data("settings", errors)


def check(problem_of: Callable[[Value], str | None]) -> Callable[[Value], Value]:
    """A field's validator: `problem_of` says what is wrong with a value and what is allowed, None for nothing."""

    def checked_value(value: Value) -> Value:
        problem = problem_of(value)
        if problem is not None:
            raise PydanticCustomError("wrong_value", "{problem}", {"problem": problem})
        return value

    return checked_value


def checked(problem_of: Callable[[str], str | None]) -> AfterValidator:
    """The same for the `Annotated` of a text."""
    return AfterValidator(check(problem_of))
