"""Draws a schedule from a seed: the same seed, minutes and settings give the same schedule."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.faults.chaos.dice import Dice
from tests.faults.chaos.kinds import KINDS, MOST_RESTARTS, RESTARTS_SECONDS, Kind, Promise, drawn
from tests.faults.chaos.schedule import MASTER, REPLICA, Round, Schedule, Step, clash
from tests.faults.harness.deployment import merged

QUIET_SECONDS = 30.0
"""What the quiet moment after a round takes usually: all becomes well, and the writes are read back."""
LEAST_MINUTES = 2.0
SIZES = (3, 4)
"""Shards: between these a reshard goes to and fro. Below three nobody is elected."""
AT_ONCE_SECONDS = 8.0
TRIES = 30

_SHAPES = (((3, 1), 4.0), ((4, 1), 2.5), ((3, 2), 2.5), ((4, 2), 1.0))
_STYLES = (("single", 2.0), ("sequence", 3.0), ("at once", 3.0), ("reshard", 2.0))
_PLANNED_PART = 0.35
PLAYED_PART = 0.58
"""Rounds take so much of what is reckoned with for them (77 rounds, beside a load of 25)."""
_WEIGHTS: Mapping[str, float] = {"kill": 3.0, "stop": 2.0, "delete": 2.0, "restart-all": 0.5, "kill-shard": 0.5}
"""How often a kind is drawn, as against 1 for those that are not named."""


def draw(seed: int, minutes: float, changes: Mapping[str, Any] | None = None) -> Schedule:
    """A schedule of about so many minutes, of one round at least. `changes` replace what is drawn of the settings.

    A longer one of the same seed begins with the same rounds.
    """
    settings = merged(_settings(Dice(f"{seed} settings")), changes or {})
    promise = Promise(settings["replicas_per_shard"], settings["conf"]["appendfsync"])
    rounds: list[Round] = []
    left = minutes * 60
    for each in _rounds(Dice(f"{seed} rounds"), settings["shards"], promise):
        left -= PLAYED_PART * (each.seconds + QUIET_SECONDS)
        if rounds and left < 0:
            break
        rounds.append(each)
    return Schedule(seed, minutes, settings, rounds)


def _settings(dice: Dice) -> dict[str, Any]:
    shards, replicas = dice.weighted(_SHAPES)
    node_ports = dice.chance(0.6)
    return {
        "shards": shards,
        "replicas_per_shard": replicas,
        "anti_affinity": dice.weighted((("required", 2.0), ("preferred", 1.0))),
        "conf": {
            "node_timeout_ms": dice.one((2000, 3000, 4000, 5000)),
            "appendfsync": dice.weighted((("everysec", 3.0), ("always", 2.0))),
            # With a small one a replica that was away for seconds has to copy everything.
            "repl_backlog_size": dice.one((None, "1Mi")),
            "save": dice.weighted((([], 2.0), ([{"seconds": 60, "changes": 1000}], 1.0))),
        },
        "fast_failover": dice.chance(0.7),
        "tls": dice.weighted(((None, 3.0), ({"kind": "generated"}, 1.0))),
        **({} if node_ports else {"access": {"pods": None}, "network_policy": {"enabled": False}}),
    }


def _rounds(dice: Dice, shards: int, promise: Promise) -> Iterator[Round]:
    number, now = 1, 0.0
    restarts: list[tuple[float, int]] = []
    while True:
        made = _round(dice, number, shards, promise, _may_restart(restarts, now))
        if not made.steps:
            continue
        yield made
        restarts += [
            (now + step.at, step.shard) for step in made.steps if step.kind.restarts and step.shard is not None
        ]
        now += made.seconds + QUIET_SECONDS
        number, shards = number + 1, made.shards_after


def _may_restart(before: Sequence[tuple[float, int]], now: float) -> Callable[[Step, Sequence[Step]], bool]:
    """Whether a step is not one too many of those after which the kubelet has to start a container again."""

    def may(step: Step, steps: Sequence[Step]) -> bool:
        if not step.kind.restarts:
            return True
        earlier = [shard for at, shard in before if at > now - RESTARTS_SECONDS]
        beside = [other.shard for other in steps if other.kind.restarts]
        return [*earlier, *beside].count(step.shard) < MOST_RESTARTS

    return may


def _round(
    dice: Dice, number: int, shards: int, promise: Promise, may: Callable[[Step, Sequence[Step]], bool]
) -> Round:
    style = dice.weighted(_STYLES)
    planned = dice.chance(_PLANNED_PART)
    steps: list[Step] = []
    begin = dice.between(1, 3)
    stay = shards
    if style == "reshard":
        size = SIZES[0] if shards >= SIZES[1] else SIZES[1]
        steps.append(Step(begin, "reshard", size=size))
        stay = min(shards, size)
    for _ in range({"single": 1, "reshard": dice.whole(0, 4)}.get(style, dice.whole(2, 5))):
        at = _next(dice, style, begin, steps)
        step = _step(dice, at, planned, stay, promise, lambda each: _fits(each, steps, promise, may))
        if step is not None:
            steps.append(step)
    return Round(number, shards, sorted(steps, key=lambda step: step.at))


def _next(dice: Dice, style: str, begin: float, steps: Sequence[Step]) -> float:
    """When the next step begins."""
    if style == "at once":
        # Half of them at the same moment.
        return begin if dice.chance(0.5) else round(begin + dice.between(0, AT_ONCE_SECONDS), 1)
    if style == "reshard":
        return round(begin + dice.between(5, 60), 1)
    last = max((step.at + step.seconds for step in steps), default=begin)
    return round(last + (dice.between(0, 15) if steps else 0.0), 1)


def _step(
    dice: Dice, at: float, planned: bool, shards: int, promise: Promise, fits: Callable[[Step], bool]
) -> Step | None:
    """One that may happen beside those that there are; None when none is found."""
    kinds = [
        (name, _WEIGHTS.get(name, 1.0))
        for name, kind in KINDS.items()
        if drawn(name, promise) and kind.needs != "size" and (kind.planned or not planned)
    ]
    for _ in range(TRIES):
        step = _drawn_step(dice, at, dice.weighted(kinds), shards, promise)
        if fits(step):
            return step
    return None


def _drawn_step(dice: Dice, at: float, name: str, shards: int, promise: Promise) -> Step:
    kind: Kind = KINDS[name]
    shard = None if kind.needs == "all" else dice.whole(0, shards - 1)
    member = {"replica": REPLICA, "member": MASTER if dice.chance(0.65) else REPLICA}.get(kind.needs)
    which = dice.whole(0, promise.replicas - 1) if member == REPLICA else 0
    seconds = dice.between(*kind.lasts) if kind.lasts else 0.0
    return Step(at, name, shard, member, which, seconds)


def _fits(step: Step, steps: Sequence[Step], promise: Promise, may: Callable[[Step, Sequence[Step]], bool]) -> bool:
    return may(step, steps) and not any(clash(step, other, promise) for other in steps)
