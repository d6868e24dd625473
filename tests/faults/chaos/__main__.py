"""`python -m tests.faults.chaos`: faults drawn from a seed, one by one and at once, on a Redis Cluster of its own.

`make chaos SEED=7 MINUTES=10` runs it; docs/faults.md says how to read what it leaves.
"""

import argparse
import json
import math
import os
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from command_line.console import run_command
from command_line.errors import UserError
from devcluster.paths import ClusterPaths
from operations.local import LocalStack
from tests.cluster.harness.tier import Tier
from tests.faults.chaos.deploy import check_image, check_settings, deployment_of, image_named
from tests.faults.chaos.generate import LEAST_MINUTES, draw
from tests.faults.chaos.record import RunRecord
from tests.faults.chaos.report import Files
from tests.faults.chaos.run import ChaosRun
from tests.faults.chaos.schedule import Schedule
from tests.faults.harness.deployment import merged
from tests.faults.harness.harness import only_one
from tests.faults.harness.switches import SWITCHES, without

MOST_SEED, MOST_MINUTES = 2**32 - 1, 1440.0
HEAL_MINUTES = 5.0
NAMESPACE = "chaos"


@dataclass(frozen=True)
class Arguments:
    seed: int
    minutes: float
    heal_minutes: float
    settings: Mapping[str, Any]
    image: str
    schedule: Path | None
    part: str
    without: str
    keep: bool
    show: bool


def read_arguments(words: Sequence[str]) -> Arguments:
    """UserError, naming the variable of `make chaos`, for what can't be meant."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.chaos", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seed", default="", help="what the schedule is drawn from; a random one if left out")
    parser.add_argument("--minutes", default="10", help="about how long the rounds take on an idle machine")
    parser.add_argument("--settings", default="", help="JSON with settings of Redis, in place of those that are drawn")
    parser.add_argument("--image", default="", help="the server: an image on the nodes, such as valkey:9.1")
    parser.add_argument("--schedule", default="", help="a schedule that a run has written, to be played once more")
    parser.add_argument("--part", default="", help="rounds and steps of it: 3, 2-4, 3.2, 3.1-3.3, with commas between")
    parser.add_argument("--without", default="", help="a feature that is left out, to see that it is missed")
    parser.add_argument("--heal-minutes", default=str(HEAL_MINUTES), help="in which all must be well after a round")
    parser.add_argument("--keep", action="store_true", help="leave the Redis Cluster")
    parser.add_argument("--show", action="store_true", help="print the schedule and do nothing")
    given = parser.parse_args(words)
    features = [name for name, switch in SWITCHES.items() if switch.features]
    if given.without and given.without not in features:
        raise UserError(f"WITHOUT is '{given.without}'; allowed: {', '.join(features)}")
    if given.schedule and (given.seed or given.settings or given.image):
        raise UserError(
            "SCHEDULE has its own seed, settings and image; allowed beside it: PART, and no SEED, SETTINGS, IMAGE"
        )
    return Arguments(
        seed=_seed(given.seed),
        minutes=_number("MINUTES", given.minutes, LEAST_MINUTES, MOST_MINUTES),
        heal_minutes=_number("--heal-minutes", given.heal_minutes, 1.0, 60.0),
        settings=_settings(given.settings),
        image=given.image,
        schedule=Path(given.schedule) if given.schedule else None,
        part=given.part,
        without=given.without,
        keep=given.keep,
        show=given.show,
    )


def _seed(text: str) -> int:
    if not text:
        return secrets.randbelow(1_000_000)
    if not text.isdecimal() or int(text) > MOST_SEED:
        raise UserError(f"SEED is '{text}'; allowed: a whole number from 0 to {MOST_SEED}, or none for a random one")
    return int(text)


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise UserError(f"{name} is '{text}'; allowed: a number from {least:g} to {most:g}")
    return value


def _settings(text: str) -> Mapping[str, Any]:
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        raise UserError(f"SETTINGS is no JSON ({error}): {text}; allowed: an object of settings of Redis") from error
    if not isinstance(given, dict):
        raise UserError(f"SETTINGS is {text}; allowed: an object, such as '{{\"fast_failover\": false}}'")
    return {str(key): value for key, value in given.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def schedule_of(arguments: Arguments) -> tuple[Schedule, Files]:
    """The schedule, and where its run leaves what it leaves; a drawn one is written down."""
    if arguments.schedule is None:
        image = {"image": image_named(arguments.image)} if arguments.image else {}
        schedule = draw(arguments.seed, arguments.minutes, {**arguments.settings, **image})
        files = Files(f"chaos-{schedule.seed}")
        schedule.write(files.schedule)
    else:
        schedule = Schedule.read(arguments.schedule)
        files = Files(arguments.schedule.stem.removesuffix("-schedule"))
    if arguments.part:
        schedule = schedule.part(arguments.part)
        files = Files(f"{files.name}-part-{arguments.part.replace(',', '+').replace(' ', '+')}")
    return schedule, files


def _tier() -> Tier:
    paths = ClusterPaths.from_environment()
    tier = Tier(paths)
    if not LocalStack(paths).is_prepared() or not tier.cluster.is_up():
        raise UserError("The embedded cluster is not up: `make up` starts it.")
    return tier


def main(words: Sequence[str]) -> int:
    arguments = read_arguments(words)
    schedule, files = schedule_of(arguments)
    if arguments.show:
        print(schedule)
        return 0
    switch = SWITCHES.get(arguments.without)
    if switch:
        schedule = replace(schedule, settings=merged(schedule.settings, switch.settings))
    tier = _tier()
    namespace = os.environ.get("FAULTS_NAMESPACE", NAMESPACE)
    check_image(tier, check_settings(deployment_of(tier, namespace, schedule)).image)
    written = arguments.schedule or files.schedule
    print(f"{schedule}\n\nwritten to {written}", flush=True)
    record = RunRecord(
        schedule.seed,
        schedule.minutes,
        str(written),
        str(files.logs),
        dict(schedule.settings),
        len(schedule.rounds),
        without=arguments.without,
    )
    with only_one(tier, namespace), without(switch):
        # What somebody looks for in a schedule may be in its last round.
        most = math.inf if arguments.schedule else schedule.minutes * 60
        run = ChaosRun(tier, namespace, schedule, files, record, arguments.heal_minutes * 60, most)
        try:
            run.play()
            print(f"\n{files.markdown.read_text()}\nreport: {files.json}, {files.markdown}", flush=True)
        finally:
            # It is bounded, and half of it would be in the next run's way.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            run.clean_up(keep=arguments.keep)
    if record.passed:
        return 0
    return 130 if record.interrupted else 1


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A shell's background job would else ignore the former.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.exit(run_command(lambda: main(sys.argv[1:]), "make chaos"))
