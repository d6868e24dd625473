"""The most tries that a match can take from one place of a text, whatever the text: for what numbers keep short.

`/a/.{1,20}/b/.{1,20}/c` leads to far too many sets of states to follow them all, and yet to but 400 ways.
"""

from webtier.path_rules.regexes.automaton import LONGEST_TEXT
from webtier.path_rules.regexes.nodes import Characters, Choice, Node, Repeat, Sequence

_ENOUGH = 10**9
"""What is more counts as just that."""


def most_tries(tree: Node) -> int:
    """How often parts of a regex are compared with a place of the text before a match has failed, at most."""
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
