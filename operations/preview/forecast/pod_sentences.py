"""What happens to pods in sentences, one for all workloads that the same happens to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from operations.preview.forecast.pods import ONE_AFTER_ANOTHER, Roll, Scaling

_MOST_NAMES = 4


def pod_sentences(rolls: Iterable[Roll], scalings: Iterable[Scaling]) -> Iterator[str]:
    """Of workloads in their order, first of those whose pods restart; with another number of pods that too."""
    scaled = {(each.kind, each.place): each for each in scalings}
    restarting: dict[tuple[Roll, Scaling | None], list[str]] = {}
    for roll in rolls:
        scaling = scaled.get((roll.kind, roll.place))
        if scaling is not None and None not in (scaling.old, scaling.new):
            del scaled[roll.kind, roll.place]
            scaling = replace(scaling, place="")
        else:
            scaling = None
        restarting.setdefault((replace(roll, place=""), scaling), []).append(roll.place)
    for (roll, scaling), places in restarting.items():
        if scaling is None and roll.how == ONE_AFTER_ANOTHER and len(places) > 1:
            pods = f"{roll.pods * len(places)} pods restart"
            yield f"{_names(roll.kind, places)}: {pods} {_why_and_how(roll)}."
        else:
            yield f"{_each(roll.kind, places)}: {_restart(roll, scaling)} {_why_and_how(roll)}."
    others: dict[Scaling, list[str]] = {}
    for each in scaled.values():
        others.setdefault(replace(each, place=""), []).append(each.place)
    for scaling, places in others.items():
        yield f"{_each(scaling.kind, places)}: {_number(scaling)}."


def _why_and_how(roll: Roll) -> str:
    away = f", for {roll.away} s at most besides pulling an image" if roll.away else ""
    return f"({', '.join(roll.reasons)}); {roll.how}{away}"


def _restart(roll: Roll, scaling: Scaling | None) -> str:
    if scaling is None:
        return "its pod restarts" if roll.pods == 1 else f"its {roll.pods} pods restart"
    if scaling.old == roll.pods:
        return f"{_number(scaling)}, and {_restart(roll, None)}"
    left = "the one that stays restarts" if roll.pods == 1 else f"the {roll.pods} that stay restart"
    return f"{_number(scaling)}, and {left}"


def _number(scaling: Scaling) -> str:
    if scaling.new is None:
        return f"an autoscaler decides how many pods there are, {scaling.limits}"
    pods = "1 pod" if scaling.new == 1 else f"{scaling.new} pods"
    if scaling.old is None:
        return f"{pods}, and no autoscaler decides any more"
    return f"{pods} instead of {scaling.old}"


def _each(kind: str, places: Sequence[str]) -> str:
    return _names(kind, places) + (", each" if len(places) > 1 else "")


def _names(kind: str, places: Sequence[str]) -> str:
    """`StatefulSets webtier/a, b, other/c`: a namespace is said where it is another one."""
    if len(places) == 1:
        return f"{kind} {places[0]}"
    shown = places if len(places) <= _MOST_NAMES else places[: _MOST_NAMES - 1]
    said: list[str] = []
    before = ""
    for place in shown:
        namespace, _, name = place.rpartition("/")
        said.append(name if namespace == before else place)
        before = namespace
    more = f" and {len(places) - len(shown)} more" if len(shown) < len(places) else ""
    return f"{kind}s {', '.join(said)}{more}"
