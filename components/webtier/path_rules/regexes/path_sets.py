"""Which rules can never be reached: their paths as sets, compared exactly.

A prefix, an exact path and a regex each stand for a set of paths. Whether earlier rules take all of a later one's is
decided by walking the automata of both side by side.
"""

import re
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from webtier.path_rules.regexes.automaton import Program, TooMuchWorkError
from webtier.path_rules.regexes.nodes import PRINTABLE, Characters, Choice, Node, Repeat
from webtier.path_rules.regexes.nodes import Sequence as Parts
from webtier.path_rules.regexes.syntax import as_python, tree_of

_MOST_WORK = 2_000_000
"""States looked at for all rules of a host: a few seconds."""

_MOST_WORK_OF_A_WALK = 200_000
_RARE = "~@=qz7_"
"""Characters that few regexes name, so that what takes them takes much else."""


class Budget:
    """How much work is left for the comparisons of a set of rules, in states looked at."""

    def __init__(self, work: int = _MOST_WORK) -> None:
        self._left = work

    def spend(self, work: int) -> None:
        """TooMuchWorkError if so much is not left."""
        self._left -= work
        if self._left < 0:
            raise TooMuchWorkError


class Paths:
    """The set of paths that a rule is for, as a regex; `text` is the one path of an exact rule."""

    def __init__(self, regex: str, text: str | None = None) -> None:
        self._regex = regex
        self.text = text
        self._next: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    @cached_property
    def node(self) -> Node:
        return tree_of(self._regex)

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Some paths of the set, unlike each other; none where each of them would have two slashes in a row."""
        found = dict.fromkeys(_example(self.node, more, rare) for more, rare in ((0, 0), (1, 1), (2, 2), (0, 3)))
        return tuple(path for path in found if path is not None and "//" not in path)

    @cached_property
    def beginning(self) -> str:
        """What each path of the set begins with."""
        return _beginning(self.node)[0]

    @cached_property
    def _program(self) -> Program:
        return Program(self.node, 0, numbers=True)

    @cached_property
    def first(self) -> frozenset[int]:
        """The states of the automaton before any character."""
        return frozenset(self._program.reached(self._program.start)[0])

    def after(self, states: frozenset[int], character: str) -> frozenset[int]:
        """The states of the automaton one character later."""
        found = self._next.get((states, character))
        if found is None:
            program = self._program
            read = [state for state in states if character in program.sets.get(state, ())]
            found = states & {program.sure}
            found = found.union(*(program.after(state)[0] for state in read))
            self._next[states, character] = found
        return found

    def character_sets(self) -> Collection[frozenset[str]]:
        """Those that the automaton tells apart."""
        return self._program.sets.values()

    def ends_in(self, states: frozenset[int]) -> bool:
        """Whether a text that leads to these states is a path of the set."""
        return self._program.end in states or self._program.sure in states

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return as_python(self._regex)

    def __contains__(self, path: str) -> bool:
        return self._compiled.fullmatch(path) is not None


def below(path: str) -> Paths:
    """The paths of a prefix rule."""
    return Paths("/.*" if path == "/" else f"{re.escape(path)}(/.*)?")


def only(path: str) -> Paths:
    """The one path of an exact rule."""
    return Paths(re.escape(path), text=path)


class Earlier:
    """The sets of paths of rules, to be looked up by what may be in them."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._all: list[Paths] = []
        self._exact: dict[str, int] = {}
        self._by_beginning: dict[str, list[int]] = {}

    def add(self, paths: Paths) -> None:
        """The next one, whose position is how many there were before."""
        position = len(self._all)
        self._all.append(paths)
        if paths.text is not None:
            self._exact.setdefault(paths.text, position)
        else:
            self._by_beginning.setdefault(paths.beginning, []).append(position)

    def taking(self, later: Paths) -> list[int] | None:
        """Which of them take all paths of another, by position: one where one is enough, else as few as needed.

        None when some path is left, and when there is not enough work left to know.
        """
        try:
            return self._taking(later)
        except TooMuchWorkError:
            return None

    def _taking(self, later: Paths) -> list[int] | None:
        # A few paths tell of most rules that they are not taken, and are much quicker than all of them.
        takers: set[int] | None = None
        for example in later.examples:
            found = self._containing(example)
            if not found:
                return None
            takers = found if takers is None else takers & found
        for position in sorted(takers or ()):
            if _all_within(later, [self._all[position]], self._budget):
                return [position]
        needed = self._sharing(later)
        if not needed or not _all_within(later, [self._all[each] for each in needed], self._budget):
            return None
        for position in list(needed):
            without = [other for other in needed if other != position]
            if _all_within(later, [self._all[other] for other in without], self._budget):
                needed = without
        return needed

    def _containing(self, path: str) -> set[int]:
        found = {self._exact[path]} if path in self._exact else set[int]()
        for length in range(len(path) + 1):
            candidates = self._by_beginning.get(path[:length], ())
            self._budget.spend(len(candidates))
            found.update(position for position in candidates if path in self._all[position])
        return found

    def _sharing(self, later: Paths) -> list[int]:
        """Those that may have paths in common with another."""
        self._budget.spend(len(self._all) // 10)
        return [
            position
            for position, paths in enumerate(self._all)
            if _may_share(paths, later) and (paths.text is None or paths.text in later)
        ]


def overlap(one: Paths, other: Paths, budget: Budget) -> bool:
    """Whether some path is in both; also where that takes too much work to know."""
    if not _may_share(one, other):
        return False
    if any(path in other for path in one.examples) or any(path in one for path in other.examples):
        return True
    try:
        return _shortest_path(one, [other], budget, within=True) is not None
    except TooMuchWorkError:
        return True


def _may_share(one: Paths, other: Paths) -> bool:
    return one.beginning.startswith(other.beginning) or other.beginning.startswith(one.beginning)


def _example(node: Node, more: int, rare: int) -> str | None:
    """One text of a node, its repetitions gone around so often more than they must; None if there is none."""
    match node:
        case Characters(allowed):
            usual = [character for character in _RARE[rare:] + _RARE[:rare] if character in allowed]
            return usual[0] if usual else min(allowed - {"/"} or allowed, default=None)
        case Parts(parts):
            texts = [_example(part, more, rare) for part in parts]
            return None if None in texts else "".join(text for text in texts if text is not None)
        case Choice(options):
            return _example(options[rare % len(options)], more, rare)
        case Repeat(part, least, most):
            times = least + more if most is None else min(most, least + more)
            text = _example(part, more, rare)
            return ("" if times == 0 else None) if text is None else text * times


def _beginning(node: Node) -> tuple[str, bool]:
    """What all texts of a node begin with, and whether that is all of them."""
    match node:
        case Characters(allowed):
            return (min(allowed), True) if len(allowed) == 1 else ("", False)
        case Parts(parts):
            text = ""
            for part in parts:
                more, whole = _beginning(part)
                text += more
                if not whole:
                    return text, False
            return text, True
        case Choice():
            return "", False
        case Repeat(part, least, most):
            more, whole = _beginning(part)
            return (more * least, least == most) if whole else (more if least else "", False)


def _all_within(later: Paths, earlier: Sequence[Paths], budget: Budget) -> bool:
    return _shortest_path(later, earlier, budget, within=False) is None


_Step = tuple[frozenset[int], tuple[frozenset[int], ...], str | None, bool]
"""Where the automata are, the path so far if an exact rule begins so, and whether the last character was a slash."""


def _shortest_path(of: Paths, others: Sequence[Paths], budget: Budget, *, within: bool) -> str | None:
    """A shortest path of `of` that is in some of the `others`, or else in none of them; None if there is none.

    TooMuchWorkError if that takes more than is left, or than a walk may take.
    """
    exact = {other.text for other in others if other.text is not None}
    begun = {text[:length] for text in exact for length in range(len(text) + 1)}
    automata = [other for other in others if other.text is None]
    characters = _representatives(exact, [of, *automata])
    first: _Step = (of.first, tuple(other.first for other in automata), "" if exact else None, False)
    seen: set[_Step] = {first}
    waiting: deque[tuple[_Step, str]] = deque([(first, "")])
    walk = Budget(_MOST_WORK_OF_A_WALK)
    while waiting:
        (inside, outside, so_far, after_slash), path = waiting.popleft()
        work = len(characters) * (2 + len(automata))
        walk.spend(work)
        budget.spend(work)
        if of.ends_in(inside):
            taken = so_far in exact or any(
                other.ends_in(states) for other, states in zip(automata, outside, strict=True)
            )
            if taken is within:
                return path
        for character in characters:
            # Servers merge slashes before they match, so that no path has two in a row.
            if after_slash and character == "/":
                continue
            reached = of.after(inside, character)
            if not reached:
                continue
            step: _Step = (
                reached,
                tuple(other.after(states, character) for other, states in zip(automata, outside, strict=True)),
                path + character if so_far is not None and path + character in begun else None,
                character == "/",
            )
            if (not within or step[2] is not None or any(step[1])) and step not in seen:
                work = len(reached) + sum(map(len, step[1]))
                walk.spend(work)
                budget.spend(work)
                seen.add(step)
                waiting.append((step, path + character))
    return None


def _representatives(exact: Iterable[str], automata: Iterable[Paths]) -> list[str]:
    """Of characters that no set tells apart one each; the slash and those of exact rules always for themselves."""
    sets = {allowed for paths in automata for allowed in paths.character_sets()}
    sets |= {frozenset(character) for character in {"/", *(character for text in exact for character in text)}}
    alike = {tuple(character in allowed for allowed in sets): character for character in sorted(PRINTABLE)}
    return list(alike.values())
