"""How long PCRE may take for a regex: found on the automaton that its backtracking walks.

A match that fails has tried every way through the regex that agrees with a beginning of the text. So what it costs is
the number of those ways, summed over the text's beginnings (Weideman, van der Merwe, Berglund, Watson: Analyzing
matching time behavior of backtracking regular expression matchers by using ambiguity of NFA, 2016). Where some
beginning has exponentially many, or ever more of them, that is the NFA's exponential or infinite degree of ambiguity
(Allauzen, Mohri, Rastogi: General algorithms for testing the ambiguity of finite automata, 2008). Neither tells whether
a repetition such as `{1,255}` is as bad as one without a limit, so the ways are counted: an `_Exploration` follows all
texts at once, by the states that a text leads to and in how many ways it leads to each, until there is nothing new or
some text costs too much.

A match that succeeds has tried only the ways before the one that it takes. Which that is matters where a `.*` takes the
rest of the text: `/(.*)/(.*)/(.*)` has ever more ways, but as soon as there are so many one of the first is a match. So
what looks too slow then is followed again with the states in the order in which PCRE tries them (as in Cox: Regular
expression matching, the virtual machine approach, 2009).
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from webtier.path_rules.regexes.automaton import LONGEST_TEXT, MOST_NANOSECONDS, Program, TooMuchWorkError, most_tries
from webtier.path_rules.regexes.costly_text import components_of, part_at_fault, period
from webtier.path_rules.regexes.nodes import Node

_MOST_WORK = 30_000
"""States looked at for one regex. A regex that needs more is refused."""

_MOST_SCANS = 16
_MOST_PLACES = 4
"""Of one state in the order in which states are tried."""

_LENGTHS_TO_PUMP = (24, 48, 96, 192, 384)
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

_Key = frozenset[tuple[int, int]] | tuple[tuple[int, int], ...]
"""The same, to look it up by; a tuple where the order of the states matters."""

_Step = tuple[_Key, int, int]
"""Where one more character leads to, the nanoseconds that it costs, and how often the last repetition was begun."""


@dataclass(frozen=True)
class Blowup:
    """A text that takes too long: `before`, and then `again` as often as there is room. `span` is the part at fault.

    `again` is empty where the regex is too intricate to know of one.
    """

    span: tuple[int, int]
    before: str = ""
    again: str = ""


def worst_case(
    tree: Node, groups: int, *, at: Literal["beginning", "anywhere"] = "beginning", whole: bool = True
) -> Blowup | None:
    """A text for which a match takes too long; None if there is none.

    A match begins at the text's beginning or is looked for anywhere, and has to go on to the text's end if it is
    `whole`.
    """
    short = Program(tree, groups, numbers=False)
    tries = most_tries(tree) * (1 if at == "beginning" else LONGEST_TEXT)
    if (at == "beginning" and short.is_unambiguous()) or tries * short.nanoseconds <= MOST_NANOSECONDS:
        return None
    found = _explored(short, tree, anywhere=False, whole=whole)
    if found is not None and short.differs:
        # What a number limits has no more ways than without the limit, but far more states.
        found = _explored(Program(tree, groups, numbers=True), tree, anywhere=False, whole=whole)
    if found is not None and whole and short.may_be_sure:
        # Perhaps the text that has so many ways is matched by one of the first.
        in_order = Program(tree, groups, numbers=True, order=True)
        if _is_matched(in_order, found):
            found = _explored(in_order, tree, anywhere=False, whole=True)
            if found is not None and _is_matched(in_order, found):
                found = Blowup(tree.span)
    if found is None and at == "anywhere":
        found = _explored(Program(tree, groups, numbers=False), tree, anywhere=True, whole=whole)
    return found


def _is_matched(program: Program, found: Blowup) -> bool:
    """Whether a text, as it goes on, is sure to match; True also where none is known."""
    if not found.again:
        return True
    states, seen, text = frozenset(program.reached(program.start)[0]), set[frozenset[int]](), found.before
    while states not in seen:
        seen.add(states)
        for letter in text:
            if program.sure in states:
                return True
            read = [state for state in states if letter in program.sets.get(state, ())]
            states = frozenset(each for state in read for each in program.after(state)[0])
        text = found.again
    return program.sure in states


def _explored(program: Program, tree: Node, *, anywhere: bool, whole: bool) -> Blowup | None:
    # Where only the last repetition has ever more ways, each reads to the text's end, which costs least.
    for scans in (False, True):
        exploration = _Exploration(program, anywhere=anywhere, whole=whole, scans=scans)
        try:
            word = exploration.costly_text()
            if word is None:
                return None
            before, again = exploration.example(word)
            return Blowup(part_at_fault(tree, exploration.spans_along(before, again)), before, again)
        except _ManyScansError:
            continue
        except TooMuchWorkError:
            break
    return Blowup(tree.span)


class _ManyScansError(Exception):
    pass


@dataclass
class _Seen:
    """A text that led to some states, and at which cost."""

    text: str
    cost: int
    next: dict[str, _Step] = field(default_factory=dict[str, _Step])


class _Reached:
    """In how many ways a character leads to each state, in the order in which those are tried.

    Of the places of one state in that order only the first are told apart: what comes behind them counts as coming with
    the last of them, which is before what would cut it off.
    """

    def __init__(self, places: int) -> None:
        self.ways: list[tuple[int, int]] = []
        self._most = places
        self._places: dict[int, list[int]] = {}

    def add(self, state: int, times: int) -> None:
        places = self._places.setdefault(state, [])
        if len(places) == self._most or (places and places[-1] == len(self.ways) - 1):
            self.ways[places[-1]] = state, self.ways[places[-1]][1] + times
        else:
            places.append(len(self.ways))
            self.ways.append((state, times))


class _Exploration:
    """All texts, by what each leads to. With `scans`, a last repetition is counted where it begins, and not followed.

    `anywhere` has a match begin at each place of the text, after those from the places before have failed.
    """

    def __init__(self, program: Program, *, anywhere: bool = False, whole: bool = True, scans: bool = False) -> None:
        self._program, self._anywhere, self._whole, self._scans = program, anywhere, whole, scans
        self._letters = _telling_letters(program.sets, all_of_them=program.order)
        self._work = 0
        self._seen: dict[_Key, _Seen] = {}
        self._ways_again, tries = program.reached(program.start)
        self._first = self._key(self._ways_again.items())
        self._first_cost = tries * program.nanoseconds

    def costly_text(self) -> str | None:
        """A text, or the beginning of one, that takes too long; None if there is none.

        _ManyScansError if a last repetition has too many ways, TooMuchWorkError if there is no telling.
        """
        self._seen[self._first] = _Seen("", self._first_cost)
        waiting: list[tuple[int, int, _Key]] = [(0, 0, self._first)]
        while waiting:
            _, _, key = heapq.heappop(waiting)
            seen = self._seen[key]
            if seen.cost > MOST_NANOSECONDS:
                return seen.text
            if len(seen.text) in _LENGTHS_TO_PUMP and self.is_costly(*period(seen.text)):
                return seen.text
            for letter, (reached, cost, scans) in self._steps(key).items():
                seen.next[letter] = reached, cost, scans
                if reached not in self._seen:
                    total = seen.cost + cost
                    self._seen[reached] = _Seen(seen.text + letter, total)
                    heapq.heappush(waiting, (-total, -len(self._seen), reached))
        return self._costly_cycle()

    def is_costly(self, before: str, again: str) -> bool:
        """Whether a text that repeats itself takes too long; False also where that takes too much work to know."""
        key, total, work, length = self._first, self._first_cost, 0, 0
        for letter in before:
            key, cost, _ = self._step(key, letter)
            total, length = total + cost, length + 1
        while length < LONGEST_TEXT and total <= MOST_NANOSECONDS and work < _MOST_WORK:
            earlier, cost_of_all = key, 0
            for letter in again:
                work += len(key)
                key, cost, scans = self._step(key, letter)
                cost_of_all += cost + scans * (LONGEST_TEXT - length)
                length += 1
            total += cost_of_all
            if key == earlier:
                break
        else:
            return total > MOST_NANOSECONDS
        # From here on each time costs the same, but that what is scanned gets shorter.
        times = (LONGEST_TEXT - length) // len(again)
        return total + cost_of_all * times // (2 if self._scans else 1) > MOST_NANOSECONDS

    def example(self, text: str) -> tuple[str, str]:
        """What a costly text begins with, and what it then repeats."""
        before, again = period(text)
        if not before and again == "/":
            before = again
        # Servers merge slashes, so that no path has two in a row.
        for letter in _LETTERS[:1] + "x0-":
            parts = before.rstrip("/") + "/" if before.startswith("/") else before, again.replace("/", letter + "/")
            if again.endswith("/") and "//" in before + again * 2 and self.is_costly(*parts):
                return parts
        return before, again

    def spans_along(self, before: str, again: str) -> set[tuple[int, int]]:
        """Where in the regex those states are that a text keeps coming to."""
        key = self._first
        found: set[tuple[int, int]] = set()
        for number, letter in enumerate(before + again * 3):
            read = [state for state, _ in key if letter in self._program.sets[state]]
            if number >= len(before) + len(again):
                found |= {self._program.spans[state] for state in read}
                begun = {each for state in read for each in self._program.after(state)[0]}
                found |= {self._program.spans[each] for each in begun & self._program.last_scans}
            key = self._step(key, letter)[0]
        return found

    def _key(self, ways: Iterable[tuple[int, int]]) -> _Key:
        dropped = self._program.last_scans if self._scans else ()
        kept = ((state, times) for state, times in ways if state in self._program.sets and state not in dropped)
        return tuple(kept) if self._program.order else frozenset(kept)

    def _steps(self, key: _Key) -> dict[str, _Step]:
        """What each character leads to, but for those of which another leads to no less."""
        found: dict[str, _Step] = {}
        for letter in self._letters:
            self._work += len(key)
            if self._work > _MOST_WORK:
                raise TooMuchWorkError
            step = self._step(key, letter)
            if step[1] and not any(_is_no_more(step, other) for other in found.values()):
                found = {other: each for other, each in found.items() if not _is_no_more(each, step)}
                found[letter] = step
        return found

    def _step(self, key: _Key, letter: str) -> _Step:
        program, reached, cost, scans = self._program, _Reached(_MOST_PLACES if self._program.order else 1), 0, 0
        if self._anywhere:
            if self._is_match(self._ways_again):
                return frozenset(), 0, 0
            for each, times in self._ways_again.items():
                reached.add(each, times)
            cost = self._first_cost
        for state, times in key:
            if letter not in program.sets[state]:
                continue
            following, tries = program.after(state)
            if self._anywhere and self._is_match(following):
                # A match: nothing is tried from the places behind it.
                return frozenset(), 0, 0
            cost += times if state in program.last_scans else times * tries * program.nanoseconds
            for each, ways_there in following.items():
                if each in program.last_scans and state != each:
                    scans += times * ways_there
                reached.add(each, times * ways_there)
            if program.order and program.sure in following:
                break
        if not self._scans and any(times > _MOST_SCANS for state, times in reached.ways if state in program.last_scans):
            raise _ManyScansError
        self._work += len(reached.ways)
        return self._key(reached.ways), cost, scans if self._scans else 0

    def _is_match(self, ways: Mapping[int, int]) -> bool:
        return self._program.sure in ways or (self._program.end in ways and not self._whole)

    def _costly_cycle(self) -> str | None:
        """A text that goes around in the states found, and takes too long; None if there is none."""
        edges = [step for seen in self._seen.values() for step in seen.next.values()]
        if not any(scans for _, _, scans in edges) and self._cost_of_all() <= MOST_NANOSECONDS:
            return None
        # The most that so many characters can cost, each taken for one in the middle of the text.
        length = max(16, min(240, _MOST_WORK // (len(edges) + 1)))
        best = dict.fromkeys(self._seen, (0, ""))
        for _ in range(length):
            best = {key: self._best_step(seen, best) for key, seen in self._seen.items()}
        start, (most, text) = max(best.items(), key=lambda each: each[1])
        return self._seen[start].text + text if most * LONGEST_TEXT // length > MOST_NANOSECONDS else None

    def _best_step(self, seen: _Seen, best: Mapping[_Key, tuple[int, str]]) -> tuple[int, str]:
        found = (0, "")
        for letter, (reached, cost, scans) in seen.next.items():
            further, text = best[reached]
            most = cost + scans * LONGEST_TEXT // 2 + further
            if most > found[0]:
                found = most, letter + text
        return found

    def _cost_of_all(self) -> int:
        """What no text costs more than: the dearest character of a cycle each time, and each other character once."""
        cycles = components_of({key: [step[0] for step in seen.next.values()] for key, seen in self._seen.items()})
        in_cycles, once = 0, 0
        for key, seen in self._seen.items():
            for reached, cost, _ in seen.next.values():
                if cycles[key] == cycles[reached]:
                    in_cycles = max(in_cycles, cost)
                else:
                    once += cost
        return in_cycles * LONGEST_TEXT + once


def _is_no_more(step: _Step, other: _Step) -> bool:
    """Whether whatever comes after a step costs no more than after another."""
    if step[1] > other[1] or step[2] > other[2] or len(step[0]) > len(other[0]):
        return False
    if isinstance(step[0], tuple):
        # What another has more of may end the match before what both have, but where it is tried after that.
        return all(
            state == beside and times <= most for (state, times), (beside, most) in zip(step[0], other[0], strict=False)
        )
    if isinstance(other[0], frozenset) and step[0] <= other[0]:
        return True
    ways = dict(other[0])
    return all(times <= ways.get(state, 0) for state, times in step[0])


def _telling_letters(sets: Mapping[int, frozenset[str]], *, all_of_them: bool) -> list[str]:
    """Characters such that for every other one of them is in at least the same sets; or in just the same ones."""
    distinct = list(set(sets.values()))
    members: dict[int, str] = {}
    for letter in (*_LETTERS, *sorted(frozenset[str]().union(*distinct))):
        number = sum(1 << position for position, allowed in enumerate(distinct) if letter in allowed)
        if number:
            members.setdefault(number, letter)
    return [
        letter
        for number, letter in members.items()
        if all_of_them or not any(number != other and number & other == number for other in members)
    ]
