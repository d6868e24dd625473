"""Regexes at random, and texts that take PCRE long for them: found from the regex alone, not by what checks it."""

from collections.abc import Iterator
from random import Random

from webtier.path_rules.regexes.nodes import Characters, Choice, Node, Repeat, Sequence

LENGTH = 8192
_ATOMS = (
    "a",
    "b",
    "ab",
    "/",
    "/a",
    ".",
    "[a-z]",
    "[ab]",
    "[^/]",
    r"\w",
    r"\d",
    "[^a]",
    "-",
    r"\.",
    "[a-z0-9-]",
    "/item/",
)
_REPEATS = ("", "", "", "", "*", "+", "?", "{1,3}", "{0,20}", "{1,255}", "*?", "{2,}", "{3}", "+", "*")
_ENDS = ("\n", "", "!", "/")
"""Each is refused by another kind of last part; none by `.*`."""


def seeded(seed: int | str) -> Random:
    """The same in every run."""
    return Random(seed)  # noqa: S311 -- it makes examples, and no secrets


def regex_at_random(random: Random, depth: int = 0) -> str:
    """Without the `/` that a rule's begins with; by far not every one is allowed."""
    text = ""
    for _ in range(random.randint(1, 4)):
        if depth < 3 and random.random() < 0.35:
            options = [regex_at_random(random, depth + 1) for _ in range(random.choice((1, 1, 2, 2, 3)))]
            atom = f"({random.choice(('', '?:'))}{'|'.join(options)})"
        else:
            atom = random.choice(_ATOMS)
        repeat = random.choice(_REPEATS)
        if repeat and len(atom) > 1 and atom[0] not in "([\\":
            atom = f"(?:{atom})"
        text += atom + repeat
    return text


def costly_texts(tree: Node, random: Random, most: int) -> list[str]:
    """Texts of 8 kB that go around in one of the regex' repetitions, or in what is next to each other in it."""
    found = sorted({pump for _ in range(2) for pump in _pumps(tree, "", random) if pump[1]})
    random.shuffle(found)
    return [pumped(before, again, end) for before, again in found[:most] for end in _ENDS]


def pumped(before: str, again: str, end: str = "") -> str:
    """8 kB that begin and end so, and else repeat themselves."""
    return before + again * ((LENGTH - len(before) - len(end)) // len(again)) + end


def _pumps(node: Node, before: str, random: Random) -> Iterator[tuple[str, str]]:
    match node:
        case Characters():
            pass
        case Sequence(parts):
            for position, part in enumerate(parts):
                yield from _pumps(part, before, random)
                for end in range(position + 1, min(len(parts), position + 6) + 1):
                    yield before, "".join(_word(each, random) for each in parts[position:end])
                before += _word(part, random)
        case Choice(options):
            for option in options:
                yield from _pumps(option, before, random)
        case Repeat(part, _, _):
            yield from _pumps(part, before, random)
            yield before, _word(part, random)
            yield before, _word(part, random) + _word(part, random)


def _word(node: Node, random: Random) -> str:
    match node:
        case Characters(allowed):
            usual = [character for character in "ab/" if character in allowed]
            return random.choice(sorted(allowed) if not usual or random.random() < 0.5 else usual) if allowed else ""
        case Sequence(parts):
            return "".join(_word(part, random) for part in parts)
        case Choice(options):
            return _word(random.choice(options), random)
        case Repeat(part, least, most):
            times = least if random.random() < 0.3 else max(least, 1 if most is None else min(1, most))
            return "".join(_word(part, random) for _ in range(times))
