"""Which rules can never be reached: their paths as sets, compared exactly.

A prefix, an exact path and a regex each stand for a set of paths. Whether earlier rules take all of a later one's is
decided by walking the automata of both side by side.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from components.path_rules.regexes import PRINTABLE, Characters, Choice, Node, Repeat
from components.path_rules.regexes import Sequence as Parts

_MOST_STEPS = 20_000
"""Of a walk. A rule whose walk takes more counts as reachable."""

_Step = tuple[frozenset[int], frozenset[int], bool]
"""Where both automata are, and whether the last character was a slash."""

_ANY = Repeat(Characters(PRINTABLE), 0, None)


class Paths:
    """The set of paths that a rule is for."""

    def __init__(self, node: Node) -> None:
        self.node = node

    @cached_property
    def shortest(self) -> str | None:
        """A path of the set that no other is shorter than; None where none is known."""
        try:
            return _shortest_path(self, (), within=False)
        except _TooManyStepsError:
            return None

    @cached_property
    def automaton(self) -> "_Automaton":
        return _Automaton.of([self.node])

    def __contains__(self, path: str) -> bool:
        states = self.automaton.closure({0})
        for character in path:
            states = self.automaton.after(states, character)
        return self.automaton.accepting in states


def below(path: str) -> Paths:
    """The paths of a prefix rule."""
    if path == "/":
        return Paths(Parts((_literal("/"), _ANY)))
    return Paths(Parts((_literal(path), Repeat(Parts((_literal("/"), _ANY)), 0, 1))))


def only(path: str) -> Paths:
    """The one path of an exact rule."""
    return Paths(_literal(path))


def shadowing(later: Paths, earlier: Sequence[Paths]) -> list[int] | None:
    """Which of the `earlier` take all paths of `later`, by position: one where one is enough, else as few as needed.

    None when some path is left.
    """
    # One path tells of most rules that they don't, and is much quicker than all of them.
    example = later.shortest
    takers = [position for position, candidate in enumerate(earlier) if example is None or example in candidate]
    for position in takers:
        if _all_within(later, [earlier[position]]):
            return [position]
    if not takers or not _all_within(later, earlier):
        return None
    needed = list(range(len(earlier)))
    for position in range(len(earlier)):
        without = [other for other in needed if other != position]
        if _all_within(later, [earlier[other] for other in without]):
            needed = without
    return needed


def overlap(one: Paths, other: Paths) -> bool:
    """Whether some path is in both; also where that takes too many steps to know."""
    try:
        return _shortest_path(one, [other], within=True) is not None
    except _TooManyStepsError:
        return True


def _literal(text: str) -> Node:
    return Parts(tuple(Characters(frozenset(character)) for character in text))


@dataclass
class _Automaton:
    """States are numbers. `moves` go with a character of a set, `free` ones without any."""

    moves: list[list[tuple[frozenset[str], int]]] = field(default_factory=list[list[tuple[frozenset[str], int]]])
    free: list[list[int]] = field(default_factory=list[list[int]])
    accepting: int = 0

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "_Automaton":
        """Accepts what any of the nodes stands for; starts in state 0 and ends in `accepting`."""
        automaton = cls()
        start, automaton.accepting = automaton._state(), automaton._state()
        for node in nodes:
            automaton.free[automaton._add(start, node)].append(automaton.accepting)
        return automaton

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for target in self.free[waiting.pop()]:
                if target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def after(self, states: frozenset[int], character: str) -> frozenset[int]:
        return self.closure(
            {target for state in states for allowed, target in self.moves[state] if character in allowed}
        )

    def _state(self) -> int:
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def _add(self, start: int, node: Node) -> int:
        """Add a node behind a state, and return the state behind the node."""
        match node:
            case Characters(allowed):
                end = self._state()
                self.moves[start].append((allowed, end))
                return end
            case Parts(parts):
                for part in parts:
                    start = self._add(start, part)
                return start
            case Choice(options):
                end = self._state()
                for option in options:
                    self.free[self._add(start, option)].append(end)
                return end
            case Repeat(part, least, most):
                for _ in range(least):
                    start = self._add(start, part)
                return self._endless(start, part) if most is None else self._optional(start, part, most - least)

    def _endless(self, start: int, part: Node) -> int:
        loop = self._state()
        self.free[start].append(loop)
        self.free[self._add(loop, part)].append(loop)
        return loop

    def _optional(self, start: int, part: Node, times: int) -> int:
        end = self._state()
        self.free[start].append(end)
        for _ in range(times):
            start = self._add(start, part)
            self.free[start].append(end)
        return end


def _all_within(later: Paths, earlier: Sequence[Paths]) -> bool:
    try:
        return _shortest_path(later, earlier, within=False) is None
    except _TooManyStepsError:
        return False


class _TooManyStepsError(Exception):
    pass


def _shortest_path(of: Paths, others: Sequence[Paths], *, within: bool) -> str | None:
    """A shortest path of `of` that is in some of the `others`, or else in none of them; None if there is none."""
    inner, outer = of.automaton, _Automaton.of([each.node for each in others])
    characters = _representatives(inner, outer)
    first: _Step = (inner.closure({0}), outer.closure({0}), False)
    seen: set[_Step] = {first}
    waiting: deque[tuple[_Step, str]] = deque([(first, "")])
    while waiting:
        (inside, outside, after_slash), path = waiting.popleft()
        if inner.accepting in inside and (outer.accepting in outside) is within:
            return path
        for character in characters:
            # Servers merge slashes before they match, so that no path has two in a row.
            if after_slash and character == "/":
                continue
            reached = inner.after(inside, character)
            step: _Step = (reached, outer.after(outside, character), character == "/")
            if reached and (step[1] or not within) and step not in seen:
                seen.add(step)
                waiting.append((step, path + character))
        if len(seen) > _MOST_STEPS:
            raise _TooManyStepsError
    return None


def _representatives(*automata: _Automaton) -> list[str]:
    """Of characters that no set tells apart one each; the slash always for itself."""
    sets = {allowed for automaton in automata for moves in automaton.moves for allowed, _ in moves}
    signature: Callable[[str], tuple[bool, ...]] = lambda character: (  # noqa: E731
        character == "/",
        *(character in allowed for allowed in sets),
    )
    return list({signature(character): character for character in sorted(PRINTABLE)}.values())
