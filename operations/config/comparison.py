"""How the settings of two stacks differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from operations.config.effective import Origin, Setting
from webtier.shared.problems import Place

_RULES = "routes"


@dataclass(frozen=True)
class Pair:
    """A setting that the two stacks don't have alike; None for the side that does not have it."""

    key: str
    one: Setting | None
    other: Setting | None


@dataclass(frozen=True)
class Comparison:
    """What differs, how many settings are alike, and the keys of secrets that both have, which nobody can compare."""

    pairs: tuple[Pair, ...]
    alike: int
    secrets: tuple[str, ...]


def compare(one: Sequence[Setting], other: Sequence[Setting]) -> Comparison:
    """Setting by setting; rules by their host and their path, of which a stack has each once.

    Of what only one side has, such as a service, the settings that are not by default are told.
    """
    left, right = _by_name(one), _by_name(other)
    common = [place for place in left if place in right]
    differing = {place for place in common if left[place].value != right[place].value}
    same = [place for place in common if place not in differing]
    secrets = [place for place in same if left[place].origin is Origin.SECRET]
    told = {*differing, *_of_one_side(left, right), *_of_one_side(right, left)}
    order = [*left, *(place for place in right if place not in left)]
    pairs = [Pair(_key(place), left.get(place), right.get(place)) for place in _grouped(order) if place in told]
    return Comparison(tuple(pairs), len(same) - len(secrets), tuple(map(_key, secrets)))


def _by_name(settings: Sequence[Setting]) -> dict[Place, Setting]:
    values = {setting.place: setting.value for setting in settings}

    def named(place: Place) -> Place:
        if place[0] != _RULES or len(place) == 1:
            return place
        parts = (values.get((*place[:2], key)) for key in ("host", "path"))
        return (_RULES, f"[{' '.join(str(part) for part in parts if part is not None)}]", *place[2:])

    return {named(setting.place): setting for setting in settings}


def _of_one_side(settings: Mapping[Place, Setting], others: Mapping[Place, Setting]) -> Iterator[Place]:
    """Those that the others don't have and that are not by default; of a group that is all by default its first."""
    known = {place[:length] for place in others for length in range(len(place) + 1)}
    groups: dict[Place, list[Place]] = {}
    for place in settings:
        if place not in others:
            above = next((place[:length] for length in range(len(place) + 1) if place[:length] not in known), place)
            groups.setdefault(above, []).append(place)
    for above, places in groups.items():
        told = [place for place in places if settings[place].origin is not Origin.DEFAULT]
        # A single setting by default is one of another kind of group, which is told by its kind.
        yield from told or ([] if places == [above] else places[:1])


def _grouped(order: Sequence[Place]) -> list[Place]:
    """In the order of the outermost keys and of what is below them, whichever side has it."""
    ranks: dict[Place, int] = {}
    for place in order:
        for length in range(1, len(place) + 1):
            ranks.setdefault(place[:length], len(ranks))
    return sorted(order, key=lambda place: [ranks[place[:length]] for length in range(1, len(place) + 1)])


def _key(place: Place) -> str:
    if place[0] == _RULES and len(place) > 1:
        below = Setting(("x", *place[2:]), None, Origin.FILE).key.removeprefix("x")
        return f"{_RULES}{place[1]}{below}"
    return Setting(place, None, Origin.FILE).key
