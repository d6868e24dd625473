"""The regular expressions that rules may use: those that PCRE, RE2 and Python read alike.

nginx matches with PCRE, most Gateways with RE2, and `meaning` with Python. They agree on characters, classes, groups,
alternatives and repetitions, and on nothing else: so look-around, back references, inline flags, named and atomic
groups, possessive repetitions, `\\b`, `\\s`, `\\p` and POSIX classes are refused. A regex stands for the whole path,
which makes anchors superfluous; they are refused too.
"""

from dataclasses import dataclass
from typing import Literal

from components.path_rules.texts import LONGEST_PATH, refused_words

MOST_REPEATS = 255
MOST_PARTS = 2000
MOST_GROUPS = 9
"""A rewrite can name no more: `$1` to `$9`."""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:&=@,")
_PATTERN = _PLAIN - frozenset("@,") | frozenset("^$[](){}*+?|\\")
_ESCAPABLE = frozenset(".+*?()[]{}|^$/-")
_DIGITS = frozenset("0123456789")
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
PRINTABLE = frozenset(chr(code) for code in range(0x20, 0x7F))
"""What `.` and negated classes are taken to stand for where a regex is looked at as a set of paths."""

_ESCAPED_CLASSES = {"d": _DIGITS, "w": _WORD, "D": PRINTABLE - _DIGITS, "W": PRINTABLE - _WORD}


class RegexError(ValueError):
    """A regex that is refused; its text says what is wrong and what is allowed."""


@dataclass(frozen=True)
class Characters:
    """One character out of a set."""

    allowed: frozenset[str]


@dataclass(frozen=True)
class Sequence:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Choice:
    options: "tuple[Node, ...]"


@dataclass(frozen=True)
class Repeat:
    """`most` None is for no limit."""

    part: "Node"
    least: int
    most: int | None


Node = Characters | Sequence | Choice | Repeat


@dataclass(frozen=True)
class Regex:
    """A regex that is allowed: its text, its parts, and how many groups it captures."""

    text: str
    tree: Node
    groups: int


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
    if _size(tree) > MOST_PARTS:
        raise RegexError(
            f"its repetitions multiply to more than {MOST_PARTS} parts; allowed: smaller numbers in '{{}}'"
        )
    return Regex(text, tree, parser.groups)


def parse_pattern(text: str) -> None:
    """RegexError if the text is no such regex for a header's value, where `^` and `$` may be at its ends."""
    if not 1 <= len(text) <= LONGEST_PATH or not set(text) <= _PATTERN:
        raise RegexError(
            f"allowed: a regular expression of 1 to {LONGEST_PATH} of A-Z, a-z, 0-9, any of -._~/:&= and the signs of "
            "a regex"
        )
    parser = _Parser("(?:" + text.removeprefix("^").removesuffix("$") + ")")
    parser.whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.groups = 0

    def whole(self) -> Node:
        tree = self._sequence()
        if self._next() == "|":
            raise RegexError(
                f"the '|' at character {self._at + 1} would split the regex as a whole; allowed: alternatives in a "
                "group, such as '/(a|b)'"
            )
        if self._next() == ")":
            raise RegexError(f"the ')' at character {self._at + 1} closes no group; allowed: '\\)' for the character")
        return tree

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._next()
        self._at += 1
        return character

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _atom(self) -> Node:
        position = self._at + 1
        character = self._take()
        match character:
            case "(":
                return self._group(position)
            case "[":
                return self._class(position)
            case "\\":
                return Characters(self._escaped())
            case ".":
                return Characters(PRINTABLE)
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
                return Characters(frozenset(character))
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
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _class(self, position: int) -> Node:
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
        if self._next() == "?":
            self._take()  # as few as possible: for the whole path that is the same set
        if self._next() in ("*", "+", "?") or (self._next() == "{"):
            raise RegexError(
                f"the '{self._next()}' at character {self._at + 1} repeats a repetition; allowed: one of '*', '+', '?' "
                "and '{m,n}' at a time"
            )
        if most is None and _may_be_empty(part):
            raise RegexError(
                f"the '{self._text[position - 1]}' at character {position} repeats what may be empty without end; "
                "allowed: a repetition of what has at least one character"
            )
        if most is None and _first(part) & _trailing_loops(part):
            raise RegexError(
                f"the '{self._text[position - 1]}' at character {position} repeats a repetition in a way that a long "
                "path could be tried in endlessly many ways, such as '(a+)+'; allowed: parts that begin with a "
                "character which ends the one before, such as '(/[^/]+)+'"
            )
        return Repeat(part, least, most)

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


def _size(node: Node) -> int:
    """How many parts a node has once its repetitions are written out."""
    match node:
        case Characters():
            return 1
        case Sequence(parts) | Choice(parts):
            return sum(map(_size, parts))
        case Repeat(part, least, most):
            return _size(part) * max(least, most or 1)


def _may_be_empty(node: Node) -> bool:
    match node:
        case Characters():
            return False
        case Sequence(parts):
            return all(_may_be_empty(part) for part in parts)
        case Choice(options):
            return any(_may_be_empty(option) for option in options)
        case Repeat(part, least, _):
            return least == 0 or _may_be_empty(part)


def _first(node: Node) -> frozenset[str]:
    """The characters that what a node stands for may begin with."""
    return _at_an_end(node, 1)


def _at_an_end(node: Node, step: Literal[1, -1]) -> frozenset[str]:
    """The characters that what a node stands for may begin with (1) or end with (-1)."""
    match node:
        case Characters(allowed):
            return allowed
        case Choice(options):
            return frozenset[str]().union(*(_at_an_end(option, step) for option in options))
        case Repeat(part, _, _):
            return _at_an_end(part, step)
        case Sequence(parts):
            reachable = _up_to_the_first_needed(parts[::step])
            return frozenset[str]().union(*(_at_an_end(part, step) for part in reachable))


def _trailing_loops(node: Node) -> frozenset[str]:
    """The characters of repetitions without a limit that a node may end with."""
    match node:
        case Characters():
            return frozenset()
        case Choice(options):
            inside = options
        case Sequence(parts):
            inside = _up_to_the_first_needed(parts[::-1])
        case Repeat(part, _, most):
            own = _at_an_end(part, -1) if most is None else frozenset[str]()
            return own | _trailing_loops(part)
    return frozenset[str]().union(*map(_trailing_loops, inside))


def _up_to_the_first_needed(parts: tuple[Node, ...]) -> tuple[Node, ...]:
    """The parts that may be the outermost, the others being empty."""
    needed = next((position for position, part in enumerate(parts) if not _may_be_empty(part)), len(parts))
    return parts[: needed + 1]
