"""A schedule: what is done to which Redis Cluster, and when. Plain data that can be written down and done again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from command_line.errors import UserError
from command_line.files import write_whole
from tests.faults.chaos.kinds import ALL_KINDS, GAP_SECONDS, Kind, Promise, may_meet

MASTER, REPLICA = "master", "replica"
EVICT_NODE = "evict-node"
LATEST_SECONDS = 3600.0
"""When a step may begin in its round."""


@dataclass(frozen=True)
class Step:
    """One fault: `at` is in seconds from the beginning of its round.

    `shard` is None for what concerns all of them; `member` is what it is then, "master" or "replica", and `number`
    which of the replicas; `seconds` how long it is kept up; `size` the number of shards that a reshard is to reach.
    """

    at: float
    fault: str
    shard: int | None = None
    member: str | None = None
    number: int = 0
    seconds: float = 0.0
    size: int | None = None

    @property
    def kind(self) -> Kind:
        return ALL_KINDS[self.fault]

    @property
    def end(self) -> float:
        """When it would be over on a machine with nothing else to do."""
        return self.at + self.seconds + self.kind.usual

    @property
    def anywhere(self) -> bool:
        """Whether any shard may be hit: a node has pods of several."""
        return self.shard is None or self.fault == EVICT_NODE

    def concerns(self, other: "Step") -> bool:
        """Whether both may be about the same shard."""
        return self.anywhere or other.anywhere or self.shard == other.shard

    @property
    def whom(self) -> str:
        """What is to be hit, in words."""
        which = f"{self.member} {self.number + 1}" if self.member == REPLICA else self.member
        words = {"all": "the cluster", "size": "the cluster", "shard": f"shard {self.shard}"}
        return words.get(self.kind.needs, f"{which} of shard {self.shard}")

    def __str__(self) -> str:
        length = f" {self.seconds:.1f} s" if self.kind.lasts else ""
        size = f" {self.size} shards" if self.size is not None else ""
        return f"{self.fault}, {self.whom}: {self.kind.what}{length}{size}"


@dataclass(frozen=True)
class Round:
    """Steps that may overlap, and after them a quiet moment in which all has to become well. `shards` is their number
    at its beginning.
    """

    number: int
    shards: int
    steps: Sequence[Step]

    @property
    def planned(self) -> bool:
        """Whether nothing but planned work is done in it, which may cost no acknowledged write at all."""
        return all(step.kind.planned for step in self.steps)

    @property
    def seconds(self) -> float:
        return max((step.end for step in self.steps), default=0.0)

    @property
    def shards_after(self) -> int:
        sizes = [step.size for step in self.steps if step.size is not None]
        return sizes[-1] if sizes else self.shards

    def __str__(self) -> str:
        kind = "planned work alone" if self.planned else "faults"
        lines = [f"  {self.number}.{place} +{step.at:5.1f} s  {step}" for place, step in enumerate(self.steps, start=1)]
        return "\n".join([f"round {self.number}: {kind}, {self.shards} shards, about {self.seconds:.0f} s", *lines])


@dataclass(frozen=True)
class Schedule:
    """`settings` are changes to those of the fault suite's Redis Cluster."""

    seed: int
    minutes: float
    settings: Mapping[str, Any]
    rounds: Sequence[Round]

    @property
    def promise(self) -> Promise:
        return Promise(self.settings["replicas_per_shard"], self.settings["conf"]["appendfsync"])

    @property
    def steps(self) -> int:
        return sum(len(each.steps) for each in self.rounds)

    def __str__(self) -> str:
        head = f"seed {self.seed}, {self.minutes:g} minutes: {len(self.rounds)} rounds, {self.steps} steps"
        return "\n".join([head, f"settings: {json.dumps(self.settings)}", *map(str, self.rounds)])

    def part(self, wanted: str) -> "Schedule":
        """The rounds and steps that `wanted` names: `3`, `2-4`, `3.2`, `3.1-3.3`, several with commas between them.

        UserError for a round or step that there is not.
        """
        chosen = set(_chosen(wanted, self.rounds))
        rounds = [
            replace(each, steps=[step for place, step in enumerate(each.steps, 1) if (each.number, place) in chosen])
            for each in self.rounds
        ]
        return replace(self, rounds=[each for each in rounds if each.steps])

    # On disk

    def write(self, file: Path) -> None:
        write_whole(file, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, file: Path) -> "Schedule":
        """UserError for a file that holds no schedule."""
        try:
            given = json.loads(file.read_text())
            rounds = [
                Round(each["number"], each["shards"], [Step(**step) for step in each["steps"]])
                for each in given["rounds"]
            ]
            made = cls(given["seed"], given["minutes"], given["settings"], rounds)
            _check(made)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"SCHEDULE: {file} holds no schedule ({type(error).__name__}: {error}); allowed: a file that a run has "
                "written, build/chaos-SEED-schedule.json, also edited"
            ) from error
        return made


def _check(schedule: Schedule) -> None:
    """ValueError for what can't be done."""
    _ = schedule.promise
    for each in schedule.rounds:
        for place, step in enumerate(each.steps, start=1):
            where = f"step {each.number}.{place}"
            if step.fault not in ALL_KINDS:
                raise ValueError(f"{where}: no fault '{step.fault}'; allowed: {', '.join(ALL_KINDS)}")
            _check_names(step, where)


def _check_names(step: Step, where: str) -> None:
    needs = step.kind.needs
    members = {"member": (MASTER, REPLICA), "replica": (REPLICA,)}.get(needs)
    if members and step.member not in members:
        raise ValueError(f"{where}: member is '{step.member}'; allowed: {' or '.join(members)}")
    if needs in ("member", "replica", "shard") and step.shard is None:
        raise ValueError(f"{where}: {step.fault} needs a shard")
    if needs == "size" and step.size is None:
        raise ValueError(f"{where}: {step.fault} needs a size")
    least, most = step.kind.lasts or (0.0, 0.0)
    if not least <= step.seconds <= most:
        raise ValueError(f"{where}: seconds is {step.seconds}; allowed: {least:g} to {most:g}")
    if not 0 <= step.at <= LATEST_SECONDS:
        raise ValueError(f"{where}: at is {step.at}; allowed: 0 to {LATEST_SECONDS:g}")


def _chosen(wanted: str, rounds: Sequence[Round]) -> Iterator[tuple[int, int]]:
    steps = [(each.number, place) for each in rounds for place in range(1, len(each.steps) + 1)]
    for item in wanted.replace(",", " ").split():
        first, dash, last = item.partition("-")
        try:
            low, high = _place(first), _place(last if dash else first)
        except ValueError:
            low, high = (1, 0), (0, 0)
        found = [step for step in steps if low <= step <= (high[0], high[1] or len(steps))]
        if not found:
            names = ", ".join(str(each.number) for each in rounds)
            raise UserError(
                f"PART: '{item}' names no step of this schedule; allowed: a round ({names}), a step such as "
                f"'{steps[0][0]}.1' or several such as '2-4' or '3.1-3.3', with commas between them"
            )
        yield from found


def _place(text: str) -> tuple[int, int]:
    """Round and step; step 0 for a whole round."""
    number, _, step = text.partition(".")
    return int(number), int(step or 0)


def clash(first: Step, second: Step, promise: Promise, gap: float = GAP_SECONDS) -> bool:
    """Whether two steps would be too near to each other in one shard, if each took its usual time."""
    if not first.concerns(second) or may_meet(first.kind, second.kind, promise):
        return False
    return first.at < second.end + gap and second.at < first.end + gap
