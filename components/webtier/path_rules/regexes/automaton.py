"""The automaton that PCRE's backtracking walks for a regex, and what a step of it costs."""

from collections import Counter
from collections.abc import Mapping

from webtier.path_rules.regexes.nodes import PRINTABLE, Characters, Choice, Node, Repeat, Sequence, may_be_empty

LONGEST_TEXT = 8192
"""Characters of a request's line, and of a header, that nginx takes."""

MOST_NANOSECONDS = 9_000_000
"""Of the 10 ms that a match may take on one core."""

# Measured with PCRE2 10.42 without JIT, which the controller leaves off, on a core of 2 to 3 GHz. A try is one part of
# the regex compared with a place of the text; each group makes what is put aside for it larger.
_NANOSECONDS_OF_A_TRY = 8
_NANOSECONDS_OF_A_GROUP = 1
_MOST_ENTRIES = 150_000
"""Of what states of a regex lead to."""
_ENOUGH = 10**9
"""Ways or tries; what is more counts as just that."""

Ways = Mapping[int, int]
"""In how many ways a text leads to a state."""


class TooMuchWorkError(Exception):
    """There is no telling within reasonable time."""


class Program:
    """States are numbers. One with a set reads a character of it and goes on to `following`; the others are free.

    With `numbers` a repetition with a limit is written out; without, it has none unless what it repeats may be empty.
    Where a `.*` begins behind which nothing has to come, that is a match whatever the text goes on with: the state
    `sure`. With `order`, which needs `numbers`, states are reached in the order in which PCRE tries them, and none
    behind `sure`.
    """

    def __init__(self, tree: Node, groups: int, *, numbers: bool, order: bool = False) -> None:
        self.nanoseconds: int = _NANOSECONDS_OF_A_TRY + _NANOSECONDS_OF_A_GROUP * groups
        self.differs: bool = False
        self.may_be_sure: bool = False
        self.sets: dict[int, frozenset[str]] = {}
        self.following: list[list[int]] = []
        self.spans: dict[int, tuple[int, int]] = {}
        self._numbers = numbers
        self.order: bool = order
        self._entries = 0
        self._reached: dict[int, tuple[Ways, int]] = {}
        self.end: int = self._state([])
        self.sure: int = self._state([])
        self._simple: list[tuple[int, int]] = []
        self.start: int = self._add(tree, self.end, ends=True)
        # PCRE itself sees that after `\d*` or `\w*` an end of the text needs no second try.
        self.last_scans: set[int] = {body for body, after in self._simple if self._leads_to_the_end(after)}

    def reached(self, state: int) -> tuple[Ways, int]:
        """The states with sets that are free to go to from one, and how many tries that takes.

        `end` and `sure` are among them.
        """
        waiting = [state]
        while waiting:
            one = waiting[-1]
            if one in self._reached:
                waiting.pop()
            elif one in self.sets or one in (self.end, self.sure):
                self._reached[one] = {one: 1}, 1
            elif missing := [each for each in self.following[one] if each not in self._reached]:
                waiting.extend(missing)
            else:
                ways, tries = Counter[int](), 1
                for each in self.following[one]:
                    ways.update(self._reached[each][0])
                    tries += self._reached[each][1]
                    if self.order and self.sure in ways:
                        break
                self._entries += len(ways)
                if self._entries > _MOST_ENTRIES:
                    raise TooMuchWorkError
                self._reached[one] = ways, tries
        return self._reached[state]

    def after(self, state: int) -> tuple[Ways, int]:
        """The same from behind the character of a state with a set."""
        return self.reached(self.following[state][0])

    def is_unambiguous(self) -> bool:
        """Whether the next character always leaves but one way to go on, and trying the others costs little."""
        tries = 1
        try:
            for ways, cost in (self.reached(self.start), *map(self.after, self.sets)):
                taken: set[str] = set()
                for each, times in ways.items():
                    allowed = self.sets.get(each, frozenset())
                    if times > 1 or not taken.isdisjoint(allowed):
                        return False
                    taken |= allowed
                tries = max(tries, cost)
        except TooMuchWorkError:
            return False
        return tries * self.nanoseconds * LONGEST_TEXT <= MOST_NANOSECONDS

    def _leads_to_the_end(self, state: int) -> bool:
        while state not in self.sets and len(self.following[state]) == 1:
            state = self.following[state][0]
        return state == self.end

    def _state(self, following: list[int]) -> int:
        self.following.append(following)
        return len(self.following) - 1

    def _add(self, node: Node, after: int, *, ends: bool) -> int:
        """Add a node before a state, and return the state before the node.

        `ends` is whether the regex may end after it.
        """
        match node:
            case Characters(allowed, _, span):
                state = self._state([after])
                self.sets[state], self.spans[state] = allowed, span
                return state
            case Sequence(parts):
                for part in reversed(parts):
                    after = self._add(part, after, ends=ends)
                    ends = ends and may_be_empty(part)
                return self._state([after])
            case Choice(options):
                return self._state([self._add(option, after, ends=ends) for option in options])
            case Repeat():
                return self._repeat(node, after, ends=ends)

    def _repeat(self, node: Repeat, after: int, *, ends: bool) -> int:
        part, least, most = node.part, node.least, node.most
        sure = ends and most is None and isinstance(part, Characters) and part.simple and part.allowed == PRINTABLE
        self.may_be_sure |= sure
        if sure and not node.lazy:
            after, most = self.sure, least
        else:
            ends = ends and (least <= 1 or may_be_empty(part))
            if not self._numbers and most not in (None, 1) and not may_be_empty(part):
                self.differs = True
                least, most = min(least, 1), None
        if most is None:
            loop = self._state([])
            body = self._add(part, loop, ends=ends)
            self.following[loop] = [after, body, *([self.sure] if sure else [])] if node.lazy else [body, after]
            if isinstance(part, Characters) and part.simple:
                self._simple.append((body, after))
            after = loop
        else:
            end = after
            for _ in range(most - least):
                once_more = self._add(part, after, ends=ends)
                after = self._state([end, once_more] if node.lazy else [once_more, end])
        for _ in range(least):
            after = self._add(part, after, ends=ends)
        return after


def most_tries(tree: Node) -> int:
    """How often parts of a regex are compared with a place of the text before a match has failed, at most.

    Whatever the text: for what numbers keep short. `/a/.{1,20}/b/.{1,20}/c` leads to far too many sets of states to
    follow them all, and yet to but 400 ways.
    """
    # At the end of each way it is asked whether the text ends too.
    return sum(_ways_and_tries(tree))


def _ways_and_tries(node: Node) -> tuple[int, int]:
    """In how many ways a part can be matched from one place on, and the tries that it takes to go through them all."""
    match node:
        case Characters():
            return 1, 1
        case Sequence(parts):
            ways, tries = 1, 1
            for part in parts:
                its_ways, its_tries = _ways_and_tries(part)
                ways, tries = min(_ENOUGH, ways * its_ways), min(_ENOUGH, tries + ways * its_tries)
            return ways, tries
        case Choice(options):
            found = [_ways_and_tries(option) for option in options]
            return min(_ENOUGH, sum(ways for ways, _ in found)), min(_ENOUGH, 1 + sum(tries for _, tries in found))
        case Repeat(part, least, most):
            its_ways, its_tries = _ways_and_tries(part)
            begun, ways, tries = 1, 0, 1
            # What may be empty has no unlimited repetition, so that each time takes a character.
            for times in range((LONGEST_TEXT if most is None else most) + 1):
                ways += begun if times >= least else 0
                tries += begun * (1 + its_tries)
                begun *= its_ways
                if tries > _ENOUGH:
                    return _ENOUGH, _ENOUGH
            return ways, tries
