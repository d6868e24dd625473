"""Plays a schedule on a Redis Cluster of its own, under writers and readers that never stop, and judges what it did."""

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from command_line.progress import Progress
from tests.cluster.harness.tier import Tier
from tests.faults.chaos.acts import act, reshard
from tests.faults.chaos.deploy import deploy, deployment_of
from tests.faults.chaos.readback import ReadBack
from tests.faults.chaos.record import RoundRecord, RunRecord, StepRecord, judge_round, judge_run, told
from tests.faults.chaos.report import Files, write_report
from tests.faults.chaos.schedule import Round, Schedule, Step
from tests.faults.chaos.site import FOUND_SECONDS, FREE_SECONDS, LeftOutError, Site
from tests.faults.chaos.state import save_state, why_not_well
from tests.faults.clients.access import Access
from tests.faults.clients.counting import Counters, Counts
from tests.faults.clients.writers import Outcome, Writers, gaps
from tests.faults.harness import verify
from tests.faults.harness.context import FaultContext
from tests.faults.harness.harness import STEADY_SECONDS, in_short
from tests.faults.harness.logs import LogKeeper
from tests.faults.harness.observer import Observer, Shape
from tests.faults.harness.processes import kill_engine

SIGN_SECONDS = 10.0
"""Between two signs of life."""
FLOWING_SECONDS = 120.0
"""For new writers to begin."""
END_SECONDS = 150.0
"""For the steps under way to come to an end when they are asked to; a `pulumi up` is killed before."""
CLASSES = 16
"""Each round's writers have another class of slots, so that no key of theirs is one of the round before."""


@dataclass
class _Players:
    """Who takes part in a run, beside its steps."""

    site: Site
    observer: Observer
    counters: Counters
    groups: Sequence[Sequence[int]]
    folder: Path
    disk: Path
    access_file: Path
    read_back: ReadBack
    writers: Writers

    def another(self, number: int) -> Writers:
        """Writers that write to other slots than those of the round before."""
        return start_writers(self.folder, self.access_file, self.groups, self.disk, number)


def start_writers(folder: Path, access_file: Path, groups: Sequence[Sequence[int]], disk: Path, number: int) -> Writers:
    own = folder / f"writers-{number}"
    own.mkdir(parents=True, exist_ok=True)
    picked = [[slot for slot in slots if slot % CLASSES == number % CLASSES] for slots in groups]
    made = Writers(own, access_file, picked, disk, replicas=1)
    try:
        made.wait_until_flowing(FLOWING_SECONDS)
    except BaseException:
        made.kill()
        raise
    return made


class ChaosRun:
    """`heal_seconds` is how long all may take to become well after a round; after `most_seconds` none is begun."""

    def __init__(
        self,
        tier: Tier,
        namespace: str,
        schedule: Schedule,
        files: Files,
        record: RunRecord,
        heal_seconds: float,
        most_seconds: float = math.inf,
    ) -> None:
        self.tier, self.schedule, self.files, self.record = tier, schedule, files, record
        self.deployment = deployment_of(tier, namespace, schedule)
        self._heal_seconds = heal_seconds
        self._most_seconds = most_seconds
        self._progress = Progress()
        self._speaking = threading.Lock()
        self._start = time.monotonic()
        self._threads: list[threading.Thread] = []

    def play(self) -> RunRecord:
        """All of it. Whatever happens there is a report afterwards, and nothing stands still or is cut off."""
        record = self.record
        record.began = _utc()
        first = self.schedule.rounds[0]
        try:
            with self._progress.part("deploy"):
                deploy(self.deployment, first.shards)
            shape = Shape(first.shards, self.schedule.promise.replicas)
            with (
                LogKeeper(self.deployment, self.files.logs),
                Observer(self.deployment.access_file, shape) as observer,
            ):
                self._play_rounds(observer)
        except KeyboardInterrupt:
            record.interrupted = True
        except Exception as error:  # a report is due, whatever it is
            record.complaints.append(f"{type(error).__name__}: {in_short(error)}")
        finally:
            judge_run(record)
            record.seconds = round(time.monotonic() - self._start, 1)
            write_report(record, self.files)
        return record

    def clean_up(self, *, keep: bool) -> None:
        """`keep` leaves the Redis Cluster, with nothing of it standing still."""
        if not keep:
            with self._progress.part("remove the Redis Cluster"):
                self.deployment.destroy()

    # The whole

    def _play_rounds(self, observer: Observer) -> None:
        players = self._gather(observer)
        try:
            seen = Counts()
            for each in self.schedule.rounds:
                if self.record.rounds and time.monotonic() - self._start > self._most_seconds:
                    self.record.time_over = True
                    break
                record = RoundRecord(each.number, each.planned)
                seen = self._round(each, record, players, seen)
                if record.not_well:
                    self._say("it did not become well: the run ends here")
                    return
            self._finish(players, self.record.rounds[-1], seen)
        except BaseException:
            self._say("ending what is under way")
            raise
        finally:
            self._end(players)

    def _gather(self, observer: Observer) -> _Players:
        deployment = self.deployment
        access_file, folder, disk = deployment.access_file, deployment.folder, self.tier.paths.state
        masters = sorted(
            (facts for facts in observer.look() if facts.owns_slots),
            key=lambda facts: facts.pod.shard,
        )
        groups = [sorted(facts.view.myself.slots) for facts in masters]
        standing = verify.standing_data(str(time.time_ns()))
        read_back = ReadBack(observer.look, Access.read(access_file), standing)
        read_back.write_standing()
        self.record.standing_keys = len(standing)
        counters = Counters(folder, access_file, groups)
        try:
            writers = start_writers(folder, access_file, groups, disk, 0)
        except BaseException:
            counters.kill()
            raise
        site = Site(FaultContext(deployment, observer, writers), self.schedule.promise)
        site.counter_keys = [key for keys in counters.groups for key in keys]
        return _Players(site, observer, counters, groups, folder, disk, access_file, read_back, writers)

    def _finish(self, players: _Players, last: RoundRecord, before: Counts) -> None:
        """Without writers all is looked for once more, and every replica has to hold what its master does."""
        players.writers.stop()
        counts = players.counters.stop()
        last.stale += counts.stale - before.stale
        self.record.stale_reads = told(counts.listed)
        players.read_back.look_again(last, _monotonic_to_time())
        last.complaints = list(dict.fromkeys([*last.complaints, *judge_round(last)]))
        unequal = players.read_back.unequal_replicas()
        if unequal:
            self.record.complaints.append(f"with nobody writing: {unequal}")

    def _end(self, players: _Players) -> None:
        """Nobody writes any more, no step goes on, and what one has done is undone."""
        site = players.site
        site.stopping.set()
        players.writers.kill()
        players.counters.kill()
        if any(thread.is_alive() for thread in self._threads) and site.deploying.locked():
            kill_engine()
        end = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self.record.notes += site.mend()

    # A round

    def _round(self, plan: Round, record: RoundRecord, players: _Players, before: Counts) -> Counts:
        """Plays one round into `record`; returns what the counters had seen by its end."""
        self._say(f"round {plan.number}: {'planned work alone' if plan.planned else 'faults'}")
        self.record.rounds.append(record)
        began = time.monotonic()
        record.began = _utc()
        players.site.context.writers = players.writers
        self._play_steps(plan, record, players)
        over = time.monotonic()
        well = self._wait_well(record, players)
        record.seconds_to_well = round(time.monotonic() - over, 1) if well else None
        counts = players.counters.counts
        end, outcome = self._change_writers(plan.number, players, well=well)
        self._count(record, players, outcome, (began, end), before, counts)
        record.complaints += judge_round(record)
        record.seconds = round(time.monotonic() - began, 1)
        if record.complaints:
            save_state(players.site, self.files.logs / f"state-after-round-{plan.number}.txt")
        self.record.stale_reads = told(counts.listed)
        write_report(self.record, self.files)
        for line in (*record.notes, *(f"WRONG: {complaint}" for complaint in record.complaints)):
            self._say(f"  {line}")
        self._say(f"round {plan.number} is over: {self._tally(players)}")
        return counts

    def _play_steps(self, plan: Round, record: RoundRecord, players: _Players) -> None:
        began = time.monotonic()
        self._threads = []
        for place, step in enumerate(plan.steps, start=1):
            noted = StepRecord(f"{plan.number}.{place}", str(step))
            record.steps.append(noted)
            work = self._work(step, noted, players.site, began + step.at)
            self._threads.append(threading.Thread(target=work, daemon=True, name=noted.name))
        for thread in self._threads:
            thread.start()
        longest = max(step.at + step.seconds + step.kind.most for step in plan.steps) + FREE_SECONDS + FOUND_SECONDS
        self._wait(
            lambda: not any(thread.is_alive() for thread in self._threads),
            longest,
            players,
            lambda: "; ".join(each.in_short for each in record.steps if each.at and not each.seconds),
        )
        for thread in (thread for thread in self._threads if thread.is_alive()):
            # Every step is bounded by itself: this would be a mistake of the run's own.
            record.complaints.append(f"step {thread.name} did not end within {longest:.0f} s")

    def _work(self, step: Step, noted: StepRecord, site: Site, due: float) -> Callable[[], None]:
        def work() -> None:
            site.pause(max(0.0, due - time.monotonic()))
            if site.stopping.is_set():
                return
            began = time.monotonic()
            noted.at = _utc()
            self._say(f"  {noted.name} {noted.what} …")
            try:
                noted.said = act(site, step)
                noted.done = True
            except LeftOutError as reason:
                noted.said = f"left out: {reason}"
            except Exception as error:  # one step alone; the others go on, and the end is judged all the same
                noted.said = f"{type(error).__name__}: {in_short(error)}"
            noted.seconds = round(time.monotonic() - began, 1)
            self._say(f"  {noted.name} {'done' if noted.done else 'NOT DONE'} in {noted.seconds} s: {noted.said}")

        return work

    def _wait_well(self, record: RoundRecord, players: _Players) -> bool:
        """Whether all becomes well in time, without anybody's help but a `pulumi up` that had failed."""
        start = time.monotonic()
        end = start + self._heal_seconds
        site = players.site
        while site.owed is not None and time.monotonic() < end:
            size = site.owed
            self._say(f"  `pulumi up` to {size} shards once more")
            try:
                reshard(site, size, max(60.0, end - time.monotonic()), again=True)
                record.notes.append(f"the second `pulumi up` to {size} shards succeeded")
            except LeftOutError as reason:
                record.notes.append(f"once more: {reason}")
                site.pause(5.0)
        steady = time.monotonic()

        def why() -> str | None:
            if site.owed is not None:
                return f"{site.owed} shards are not reached"
            if players.observer.good_for(steady) < STEADY_SECONDS:
                return players.observer.complaint()
            if not (players.writers.flowing() and players.counters.flowing()):
                return "not every shard takes writes"
            return why_not_well(site)

        last: list[str | None] = [None]

        def well() -> bool:
            last[0] = why()
            return last[0] is None

        well_now = self._wait(well, end - time.monotonic(), players, lambda: f"quiet: {last[0]}")
        record.not_well = "" if well_now else f"{self._heal_seconds:.0f} s after the last step: {last[0]}"
        return well_now

    def _change_writers(self, number: int, players: _Players, *, well: bool) -> tuple[float, Outcome]:
        """The writers of this round end, and when; the next ones have begun before, so that there is no pause."""
        before = players.writers
        if well:
            players.writers = players.another(number)
        return time.monotonic(), before.stop()

    def _count(
        self,
        record: RoundRecord,
        players: _Players,
        outcome: Outcome,
        span: tuple[float, float],
        before: Counts,
        counts: Counts,
    ) -> None:
        began, end = span
        for group in sorted({plan.group for plan in outcome.plans}):
            record.longest_gap_ms[str(group)] = round(gaps(outcome.times(group), began, end).longest * 1000)
        record.machine_pause_ms = round(outcome.longest_pause(began, end) * 1000)
        record.load = round(os.getloadavg()[0], 1)
        record.story = players.observer.story(began)
        record.counted = counts.acknowledged - before.acknowledged
        record.reads = counts.reads - before.reads
        record.stale = counts.stale - before.stale
        record.replaced_reads = counts.replaced - before.replaced
        try:
            players.read_back.check(record, outcome, _monotonic_to_time())
        except Exception as error:  # where not every slot is served, it can't be said what is there
            record.complaints.append(f"the writes could not be read back: {type(error).__name__}: {in_short(error)}")

    # Told on the way

    def _say(self, line: str) -> None:
        with self._speaking:
            self._progress.line(line)

    def _wait(self, true: Callable[[], bool], seconds: float, players: _Players, now: Callable[[], str]) -> bool:
        """Whether it comes true in time; says now and then what is going on."""
        start = said = time.monotonic()
        while not true():
            moment = time.monotonic()
            if moment > start + seconds:
                return False
            if moment - said > SIGN_SECONDS:
                said = moment
                self._say(f"  {now() or 'between two steps'}, for {moment - start:.0f} s; {self._tally(players)}")
            time.sleep(0.3)
        return True

    def _tally(self, players: _Players) -> str:
        """Writes by the last quiet moment, counters by now."""
        record, counts = self.record, players.counters.counts
        written = record.sum("acknowledged") + record.sum("acknowledged_with_wait")
        waited = record.sum("lost_with_wait") + record.sum("standing_lost")
        lost = record.sum("lost") + waited
        return (
            f"{written} writes read back, lost {lost}, of those that a replica had {waited}; "
            f"{counts.acknowledged} counted up, {counts.reads} reads, {counts.stale} stale"
        )


def _monotonic_to_time() -> float:
    """What to add to the one for the other."""
    return time.time() - time.monotonic()


def _utc() -> str:
    return datetime.now(UTC).strftime("%F %T.%f")[:-3]
