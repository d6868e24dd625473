"""A resource as rules see it: its inputs as plain data, in which a value may not be known before the update."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast


class Unknown(Enum):
    """What stands for a value that only the update will tell. No rule is broken by it."""

    VALUE = "known once it is there"


UNKNOWN = Unknown.VALUE


@dataclass(frozen=True)
class Resource:
    """One resource that the program asks for; `type` is its token, such as `kubernetes:apps/v1:StatefulSet`."""

    type: str
    urn: str
    inputs: Mapping[str, Any]
    is_protected: bool = False

    @property
    def kind(self) -> str:
        """The kind of a Kubernetes object, such as `StatefulSet`; empty for all else."""
        return self.type.rpartition(":")[2] if self.type.startswith("kubernetes:") else ""

    @property
    def name(self) -> str:
        """The object's name; empty where it is not known."""
        name = at(self.inputs, "metadata", "name")
        return name if isinstance(name, str) else ""

    @property
    def namespace(self) -> str:
        """The object's namespace; empty where it has none, or it is not known."""
        namespace = at(self.inputs, "metadata", "namespace")
        return namespace if isinstance(namespace, str) else ""


@dataclass(frozen=True)
class Violation:
    """What breaks a rule of the whole stack, and which resource does."""

    urn: str
    message: str


ResourceCheck = Callable[[Resource], Iterator[str]]
"""Yields a sentence for each thing in a resource that breaks the rule; never a value that may be secret."""

StackCheck = Callable[[Sequence[Resource]], Iterator[Violation]]


def at(value: Any, *path: str) -> Any:
    """What stands at a path of fields; None where there is nothing, UNKNOWN where it or what it is in is not known."""
    for name in path:
        if value is UNKNOWN:
            return UNKNOWN
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    return value


def fields(value: Any) -> Mapping[str, Any]:
    """The fields of an object; none where it is not there or not known."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """The items of a list that are known; none where it is not there or not known."""
    return [each for each in cast("list[Any]", value) if each is not UNKNOWN] if isinstance(value, list) else []
