"""What a text that a regex takes long for repeats, and which part of the regex is at fault."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from webtier.path_rules.regexes.nodes import Choice, Node, Repeat, Sequence, Span, may_be_empty

Key = TypeVar("Key", bound=Hashable)


def components_of(edges: Mapping[Key, Iterable[Key]]) -> dict[Key, int]:
    """The strongly connected component of each (Tarjan's algorithm)."""
    numbers: dict[Key, int] = {}
    lowest: dict[Key, int] = {}
    found: dict[Key, int] = {}
    stack: list[Key] = []
    for root in edges:
        waiting: list[tuple[Key, Iterator[Key]]] = [] if root in numbers else [(root, iter(edges[root]))]
        while waiting:
            one, targets = waiting[-1]
            if one not in numbers:
                numbers[one] = lowest[one] = len(numbers)
                stack.append(one)
            for target in targets:
                if target not in numbers:
                    waiting.append((target, iter(edges[target])))
                    break
                if target not in found:
                    lowest[one] = min(lowest[one], numbers[target])
            else:
                waiting.pop()
                if waiting:
                    above = waiting[-1][0]
                    lowest[above] = min(lowest[above], lowest[one])
                if lowest[one] == numbers[one]:
                    while one not in found:
                        found[stack.pop()] = numbers[one]
    return found


def period(text: str) -> tuple[str, str]:
    """The beginning of a text, and what it then repeats."""
    best = (0, text, text[-1:])
    for length in range(1, len(text) // 3 + 1):
        start = len(text) - length
        while start > 0 and text[start - 1] == text[start - 1 + length]:
            start -= 1
        if len(text) - start >= 3 * length and len(text) - start - length > best[0]:
            best = (len(text) - start - length, text[:start], text[start : start + length])
    return best[1], best[2]


def part_at_fault(node: Node, spans: set[Span]) -> Span:
    """The smallest part of a regex that all of the spans are in, or that repeats nothing but them."""
    if not spans:
        return node.span
    match node:
        case Sequence(parts) | Choice(parts):
            at_fault = [part for part in parts if _holds(part, spans)]
            if len(at_fault) == 1:
                return part_at_fault(at_fault[0], spans)
            return node.span if isinstance(node, Choice) else (at_fault[0].span[0], at_fault[-1].span[1])
        case Repeat(Sequence(parts) as part, _, _):
            others = [each for each in parts if not _holds(each, spans) and not may_be_empty(each)]
            return part_at_fault(part, spans) if others else node.span
        case _:
            return node.span


def _holds(node: Node, spans: set[Span]) -> bool:
    return any(node.span[0] <= start and end <= node.span[1] for start, end in spans)
