"""The regular expressions that rules may use: those that PCRE, RE2 and Python read alike.

nginx matches with PCRE, most Gateways with RE2, and `answer_to` with Python. They agree on characters, classes, groups,
alternatives and repetitions, and on nothing else: so look-around, back references, inline flags, named and atomic
groups, possessive repetitions, `\\b`, `\\s`, `\\p` and POSIX classes are refused. A regex stands for the whole path,
which makes anchors superfluous; they are refused too. `.` stands for every character: only then does `/a/.*` mean all
that is below `/a`, whatever line feeds a client sends.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from webtier.path_rules.regexes.automaton import LONGEST_TEXT
from webtier.path_rules.regexes.backtracking import Blowup, worst_case
from webtier.path_rules.regexes.nodes import PRINTABLE, Characters, Choice, Node, Repeat, Sequence, may_be_empty, size
from webtier.path_rules.rules.field_types import LONGEST_PATH, refused_words

MOST_REPEATS = 255
MOST_PARTS = 2000
MOST_GROUPS = 9
"""A rewrite can name no more: `$1` to `$9`."""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:&=@,")
_PATTERN = _PLAIN - frozenset("@,") | frozenset("^$[](){}*+?|\\")
_ESCAPABLE = frozenset(".+*?()[]{}|^$/-")
_DIGITS = frozenset("0123456789")
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ESCAPED_CLASSES = {"d": _DIGITS, "w": _WORD, "D": PRINTABLE - _DIGITS, "W": PRINTABLE - _WORD}


class RegexError(ValueError):
    """A regex that is refused; its text says what is wrong and what is allowed."""


@dataclass(frozen=True)
class Regex:
    """A regex that is allowed: its parts, and how many groups it captures."""

    tree: Node
    groups: int


@lru_cache(maxsize=65_536)
def parse_regex(text: str) -> Regex:
    """RegexError if the text is no regex, or one that is not allowed."""
    if not text.startswith("/"):
        raise RegexError("allowed: a regex that begins with '/', as every path does")
    if len(text) > LONGEST_PATH:
        raise RegexError(f"allowed: at most {LONGEST_PATH} characters")
    refused = refused_words(text)
    if refused is not None:
        raise RegexError(refused)
    parser = _Parser(text)
    tree = parser.whole()
    found = worst_case(tree, parser.groups)
    if found is not None:
        raise _slow(text, found, "request")
    return Regex(tree, parser.groups)


def regex_problem(text: str) -> str | None:
    """What is wrong with the regex of a rule; None for nothing."""
    try:
        parse_regex(text)
    except RegexError as error:
        return str(error)
    return None


def tree_of(text: str) -> Node:
    """The parts of a regex, whether a rule may have it or not. RegexError if the text is none."""
    return _Parser(text).whole()


def as_python(text: str) -> re.Pattern[str]:
    """A rule's regex for Python's `fullmatch`."""
    return re.compile(text, re.ASCII | re.DOTALL)


def parse_pattern(text: str) -> None:
    """RegexError if the text is no such regex for a header's value, where `^` and `$` may be at its ends."""
    if not 1 <= len(text) <= LONGEST_PATH or not set(text) <= _PATTERN:
        raise RegexError(
            f"allowed: a regular expression of 1 to {LONGEST_PATH} of A-Z, a-z, 0-9, any of -._~/:&= and the signs of "
            "a regex"
        )
    inside = text.removeprefix("^").removesuffix("$")
    parser = _Parser(f"(?:{inside})")
    tree, ended = parser.whole(), text.endswith("$")
    body = tree.parts[0]
    anchored = text.startswith("^") and not isinstance(body, Choice)
    if isinstance(body, Sequence) and body.parts:
        match body.parts[-1]:
            # A last repetition that takes whatever there is ends the match as soon as it is reached.
            case Repeat(Characters(allowed) as last, least, None) if not ended or allowed == PRINTABLE:
                body = replace(body, parts=(*body.parts[:-1], Repeat(last, least, least)))
                tree, ended = replace(tree, parts=(body,)), False
            case _:
                pass
        match body.parts[0]:
            # With `.*` before all else PCRE tries it at the beginning alone.
            case Repeat(Characters(allowed, simple), 0, None):
                anchored |= simple and allowed == PRINTABLE
            case _:
                pass
    found = worst_case(tree, parser.groups, at="beginning" if anchored else "anywhere", whole=ended)
    if found is not None:
        raise _slow(f"(?:{inside})", found, "header")


def _slow(text: str, found: Blowup, what: Literal["request", "header"]) -> RegexError:
    part = text[slice(*found.span)]
    if not found.again:
        return RegexError(
            f"'{part}' is too intricate to tell how long a long {what} would take; allowed: fewer repetitions that "
            "can take the same characters, and smaller numbers in '{}'"
        )
    example = f"'{found.before}' and then '{found.again}' many times" if found.before else f"'{found.again}' many times"
    hint = (
        "such as '[^/]+' between two '/', and '.*' once before one at the end"
        if what == "request"
        else "and '^' at the beginning where a repetition follows"
    )
    return RegexError(
        f"'{part}' can take the same text in so many ways that a {what} of {LONGEST_TEXT // 1024} kB would hold nginx "
        f"up for more than 10 ms: {example}, and then what does not match; allowed: repetitions of which only one can "
        f"take the next character, {hint}"
    )


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.groups = 0

    def whole(self) -> Sequence:
        """RegexError also if the repetitions multiply to too much."""
        tree = self._sequence()
        if self._next() == "|":
            raise RegexError(
                f"the '|' at character {self._at + 1} would split the regex as a whole; allowed: alternatives in a "
                "group, such as '/(a|b)'"
            )
        if self._next() == ")":
            raise RegexError(f"the ')' at character {self._at + 1} closes no group; allowed: '\\)' for the character")
        if size(tree) > MOST_PARTS:
            raise RegexError(
                f"its repetitions multiply to more than {MOST_PARTS} parts; allowed: smaller numbers in '{{}}'"
            )
        return tree

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._next()
        self._at += 1
        return character

    def _sequence(self) -> Sequence:
        start, parts = self._at, list[Node]()
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts), (start, self._at))

    def _atom(self) -> Node:
        position = self._at + 1
        character = self._take()
        match character:
            case "(":
                return self._group(position)
            case "[":
                return replace(self._class(position), span=(position - 1, self._at))
            case "\\":
                simple = self._next() in _ESCAPED_CLASSES
                return Characters(self._escaped(), simple, (position - 1, self._at))
            case ".":
                return Characters(PRINTABLE, simple=True, span=(position - 1, self._at))
            case "^" | "$":
                raise RegexError(
                    f"the '{character}' at character {position} is superfluous: a regex always stands for the whole "
                    "path; allowed: the same without it"
                )
            case "*" | "+" | "?" | "{":
                raise RegexError(
                    f"the '{character}' at character {position} repeats nothing; allowed: it after what is repeated, "
                    f"or '\\{character}' for the character"
                )
            case _ if character in _PLAIN:
                return Characters(frozenset(character), span=(position - 1, self._at))
            case _:
                raise RegexError(
                    f"the character {character!r} at {position} is not allowed; allowed: A-Z, a-z, 0-9, any of "
                    "-._~/:&=@, and the signs of a regex (paths are matched decoded)"
                )

    def _escaped(self) -> frozenset[str]:
        character = self._take()
        if character in _ESCAPED_CLASSES:
            return _ESCAPED_CLASSES[character]
        if character not in _ESCAPABLE:
            raise RegexError(
                f"'\\{character}' means something else to other regex engines, or nothing; allowed: a backslash "
                f"before d, w, D, W or one of {' '.join(sorted(_ESCAPABLE))}"
            )
        return frozenset(character)

    def _group(self, position: int) -> Node:
        if self._next() == "?":
            if self._text[self._at : self._at + 2] != "?:":
                raise RegexError(
                    f"the '(?' at character {position} begins something that not all regex engines know (look-around, "
                    "a flag, a named or atomic group); allowed: '(...)' and '(?:...)'"
                )
            self._at += 2
        else:
            self.groups += 1
            if self.groups > MOST_GROUPS:
                raise RegexError(f"allowed: at most {MOST_GROUPS} groups that capture; '(?:...)' captures nothing")
        options = [self._sequence()]
        while self._next() == "|":
            self._take()
            options.append(self._sequence())
        if self._take() != ")":
            raise RegexError(f"the '(' at character {position} is never closed; allowed: '\\(' for the character")
        span = (position - 1, self._at)
        return replace(options[0], span=span) if len(options) == 1 else Choice(tuple(options), span)

    def _class(self, position: int) -> Characters:
        negated = self._next() == "^"
        if negated:
            self._take()
        allowed: set[str] = set()
        while self._next() != "]" or not allowed:
            if self._next() == "":
                raise RegexError(f"the '[' at character {position} is never closed; allowed: '\\[' for the character")
            low = self._class_member()
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._take()
                allowed |= _range(low, self._class_member())
            else:
                allowed |= low
        inside = self._text[position : self._at]
        self._take()
        if any(twice in inside for twice in ("--", "&&", "~~")):
            raise RegexError(
                f"the '[...]' at character {position} has a sign twice that some engines take for set operations; "
                "allowed: each character once"
            )
        return Characters((PRINTABLE - allowed) if negated else frozenset(allowed))

    def _class_member(self) -> frozenset[str]:
        position = self._at + 1
        character = self._take()
        if character == "\\":
            return self._escaped()
        if character not in _PLAIN and character not in "+*?(){}$":
            raise RegexError(
                f"the character {character!r} at {position} is not allowed in '[...]'; allowed: letters, digits, any "
                "of -._~/:&=@,+*?(){}$ and other signs after a backslash"
            )
        return frozenset(character)

    def _repeated(self, part: Node) -> Node:
        position = self._at + 1
        limits = self._limits()
        if limits is None:
            return part
        least, most = limits
        lazy = self._next() == "?"
        if lazy:
            self._take()  # for the whole path that is the same set
        if self._next() in ("*", "+", "?") or (self._next() == "{"):
            raise RegexError(
                f"the '{self._next()}' at character {self._at + 1} repeats a repetition; allowed: one of '*', '+', '?' "
                "and '{m,n}' at a time"
            )
        if most is None and may_be_empty(part):
            raise RegexError(
                f"the '{self._text[position - 1]}' at character {position} repeats what may be empty without end; "
                "allowed: a repetition of what has at least one character"
            )
        return Repeat(part, least, most, (part.span[0], self._at), lazy)

    def _limits(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self._next() in simple:
            return simple[self._take()]
        if self._next() != "{":
            return None
        position = self._at + 1
        inside, closed, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not low.isdecimal() or (high and not high.isdecimal()):
            raise RegexError(
                f"the '{{' at character {position} begins no repetition; allowed: '{{3}}', '{{1,3}}', '{{1,}}', or "
                "'\\{' for the character"
            )
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if max(least, most or 0) > MOST_REPEATS or (most is not None and most < max(least, 1)):
            raise RegexError(
                f"the repetition '{{{inside}}}' at character {position} is not possible; allowed: from at least 0 to "
                f"at most {MOST_REPEATS}, the smaller number first"
            )
        self._at += len(inside) + 2
        return least, most


def _range(low: frozenset[str], high: frozenset[str]) -> frozenset[str]:
    if len(low) != 1 or len(high) != 1 or min(low) > min(high):
        raise RegexError("a range in '[...]' has to go from one character to a later one; allowed: such as 'a-z'")
    return frozenset(chr(code) for code in range(ord(min(low)), ord(min(high)) + 1))
