"""Many words as few regexes: `(?:a(?:b|c)|d)`, in which a word is found as quickly as in a tree.

nginx tries regexes one after the other, and PCRE alternatives too. Words that begin alike are tried once.
"""

import itertools
import re
from collections.abc import Iterable, Sequence

_DEEPEST = 40
"""Groups within groups, of which PCRE allows 250 by default."""

_PIECE = re.compile(r"\[\.\]|.")
"""A character of a word, of which a full stop is `[.]`, and must not be cut into."""


def alternatives(words: Iterable[str]) -> str:
    """A regex for exactly these words, which are made of ordinary characters and `[.]`."""
    return _joined([tuple(_PIECE.findall(word)) for word in sorted(set(words))], 0)


def in_chunks(words: Iterable[str], longest: int) -> list[str]:
    """Regexes of at most so many characters which together stand for exactly these words, none longer than that."""
    return [alternatives(chunk) for chunk in _chunks(sorted(set(words)), longest)]


def _chunks(words: Sequence[str], longest: int) -> Iterable[Sequence[str]]:
    chunk: list[str] = []
    length = 0
    for word in words:
        # What it adds at most: all that it has not in common with the one before it, and a group around that.
        new = len(word) - _in_common(word, chunk[-1]) + len("(?:|)") if chunk else len(word)
        if chunk and length + new > longest:
            yield chunk
            chunk, length = [], 0
            new = len(word)
        chunk.append(word)
        length += new
    if chunk:
        yield chunk


def _joined(words: Sequence[tuple[str, ...]], depth: int) -> str:
    """Of words in order, all different, of which the first may be empty."""
    common = _in_common(words[0], words[-1])
    head = "".join(words[0][:common])
    rest = [word[common:] for word in words]
    if rest == [()]:
        return head
    if depth == _DEEPEST:
        return f"{head}(?:{'|'.join(''.join(word) for word in reversed(rest))})"
    optional = rest[0] == ()
    groups = itertools.groupby(rest[optional:], key=lambda word: word[0])
    options = [_joined(list(group), depth + 1) for _, group in groups]
    # The longer first, though what follows has the last word anyway.
    return f"{head}(?:{'|'.join(options)}){'?' if optional else ''}"


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters both begin with; of words in order, the first and the last say it for all."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
