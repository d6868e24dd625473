"""The nearest right spelling of a key or a word that no settings know."""

import difflib
from collections.abc import Sequence

from environment.settings.schema import SettingsSchema
from webtier.shared.problems import Place


def unknown_key(place: Place, schema: SettingsSchema) -> str:
    """What to say of a key that no model knows, with where it is now, or the nearest that one does."""
    moved = schema.moved_at(place[:-1])
    now = {**moved.keys, **moved.gone}
    if place[-1] in now:
        return f"this key has moved; allowed: {now[str(place[-1])]}"
    known = schema.keys(place[:-1])
    nearest = next(iter(_close(place[-1], [*known, *now])), "")
    meant = f"did you mean '{now.get(nearest, nearest)}'? " if nearest else ""
    return f"unknown key; {meant}known here: {', '.join(sorted(known))}"


def nearest_of(word: object, known: Sequence[str]) -> str:
    """`"did you mean 'shards'? "`; empty where no known word is near."""
    return "".join(f"did you mean '{nearest}'? " for nearest in _close(word, known))


def _close(word: object, known: Sequence[str]) -> Sequence[str]:
    return difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
