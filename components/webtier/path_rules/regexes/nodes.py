"""The parts of a regular expression."""

from dataclasses import dataclass, field

PRINTABLE = frozenset(chr(code) for code in range(0x20, 0x7F))
"""What `.` and negated classes are taken to stand for where a regex is looked at as a set of paths."""

Span = tuple[int, int]
"""From where to where in the regex' text, the end not included."""


@dataclass(frozen=True)
class Characters:
    """One character out of a set. `simple` if it is written as `.`, `\\d`, `\\w`, `\\D` or `\\W`."""

    allowed: frozenset[str]
    simple: bool = field(default=False, compare=False)
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Sequence:
    parts: "tuple[Node, ...]"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Choice:
    options: "tuple[Node, ...]"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Repeat:
    """`most` None is for no limit. `lazy` if as few as possible are tried first."""

    part: "Node"
    least: int
    most: int | None
    span: Span = field(default=(0, 0), compare=False)
    lazy: bool = field(default=False, compare=False)


Node = Characters | Sequence | Choice | Repeat


def size(node: Node) -> int:
    """How many parts a node has once its repetitions are written out."""
    match node:
        case Characters():
            return 1
        case Sequence(parts) | Choice(parts):
            return max(1, sum(map(size, parts)))
        case Repeat(part, least, most):
            return size(part) * max(least, most or 1)


def may_be_empty(node: Node) -> bool:
    match node:
        case Characters():
            return False
        case Sequence(parts):
            return all(may_be_empty(part) for part in parts)
        case Choice(options):
            return any(may_be_empty(option) for option in options)
        case Repeat(part, least, _):
            return least == 0 or may_be_empty(part)
