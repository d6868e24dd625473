"""Runs faults on one deployment: makes it ready, lets writers write, lets the fault act, and counts."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pulumi import automation

from tests.cluster.harness.tier import Tier, eventually
from tests.faults.catalog.fault import Fault
from tests.faults.clients.access import Access
from tests.faults.clients.writers import ClientOutcome, OrdinaryClient, Outcome, Writers, gaps
from tests.faults.harness import verify
from tests.faults.harness.context import FaultContext
from tests.faults.harness.deployment import RedisDeployment
from tests.faults.harness.logs import FOLDER as LOG_FOLDER
from tests.faults.harness.logs import LogKeeper
from tests.faults.harness.observer import Observer, Shape
from tests.faults.harness.processes import kill_engine
from tests.faults.harness.report import Record, in_words

WARM_UP_SECONDS = 2.0
STEADY_SECONDS = 3.0
"""All has to be well without a break for so long before it counts as over."""
BUSY_PAUSE_MS = 150
"""After such a pause of the writers themselves a gap says nothing about Redis."""
HEALTHY_SECONDS = 60.0
"""For a deployment to be healthy before the next fault; one that is not is made anew."""


class TooLongError(Exception):
    """A fault did not end by itself."""


@contextmanager
def time_limit(seconds: float, what: str) -> Generator[None]:
    """TooLongError in the main thread after so long, whatever it is waiting for."""

    def expired(*_: object) -> None:
        # A running `pulumi up` is waited for, whatever is raised.
        kill_engine()
        raise TooLongError(f"{what} took more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def in_short(error: BaseException) -> str:
    """Of what the engine says, its last line that is about an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), lines[-1] if lines else "")[:500]


@contextmanager
def only_one(tier: Tier, namespace: str) -> Generator[None]:
    """Two suites in one namespace would spoil each other's figures. AssertionError while there is another."""
    with (tier.paths.state / f"{namespace}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AssertionError(
                f"another run of the faults uses the namespace '{namespace}': wait for its end, or set FAULTS_NAMESPACE"
            ) from None
        yield


class FaultHarness:
    """One deployment for the faults of a session."""

    def __init__(self, tier: Tier, namespace: str, always: Mapping[str, Any]) -> None:
        """`always` are changes to the usual settings for all faults."""
        self.tier = tier
        self.deployment = RedisDeployment(tier, namespace, always)
        self._given = in_words(always)
        self._trusted = False

    def run(self, fault: Fault, run: int) -> Record:
        """Everything about one run; what went wrong is in the record."""
        start = time.monotonic()
        record = Record(fault.name, run, str(fault.expectation), self._given)
        before = self._first_processes()
        try:
            self._prepare(fault)
            shape, logs = self._shape(fault.changes), LOG_FOLDER / f"{fault.name}-{run}"
            with LogKeeper(self.deployment, logs), Observer(self.deployment.access_file, shape) as observer:
                self._run_fault(fault, observer, record)
        except Exception as error:  # whatever it is, the next fault is tried
            self._trusted = False
            record.complaints.append(f"{type(error).__name__}: {in_short(error)}")
        finally:
            self._mend_machines()
        if fault.own_kind:
            self._trusted = False
            self.deployment.destroy()
        if not fault.ends_machines and before != self._first_processes():
            record.complaints.append("meanwhile somebody else has restarted a node: these figures are of no use")
        record.seconds = round(time.monotonic() - start, 1)
        record.passed = not record.complaints
        return record

    def close(self) -> None:
        """Leave the cluster as it was before."""
        self.deployment.destroy()

    # Before

    def _shape(self, changes: Mapping[str, Any]) -> Shape:
        settings = self.deployment.settings(changes)
        return Shape(settings.shards, settings.replicas_per_shard)

    def _prepare(self, fault: Fault) -> None:
        """Deployed with the fault's changes, healthy, and without anybody's leftovers."""
        changes = fault.changes
        if not fault.own_kind and (self._trusted or self.deployment.exists()):
            try:
                with time_limit(240, "preparing the deployment"):
                    self._bring_up(changes)
                    self._wait_healthy(changes)
                self._trusted = True
                return
            except (automation.CommandError, AssertionError, TooLongError) as problem:
                print(f"\n  the deployment is made anew: {in_short(problem)}", flush=True)
        self._trusted = False
        with time_limit(400, "making the deployment"):
            self.deployment.fresh(changes)
            self._wait_healthy(changes)
        self._trusted = True

    def _bring_up(self, changes: Mapping[str, Any]) -> None:
        try:
            self.deployment.up(changes)
        except automation.ConcurrentUpdateError:
            # Of this deployment there is one run at a time: an earlier one was cut off.
            self.deployment.refresh()
            self.deployment.up(changes)

    def _wait_healthy(self, changes: Mapping[str, Any]) -> None:
        self.deployment.write_access()
        with Observer(self.deployment.access_file, self._shape(changes)) as observer:

            def healthy() -> None:
                assert observer.good_for() >= 1.0, observer.complaint()

            eventually(healthy, HEALTHY_SECONDS, pause=0.1)

    def _first_processes(self) -> list[int | None]:
        return [machine.first_process for machine in self.tier.cluster.all_nodes]

    def _mend_machines(self) -> None:
        """Whatever a fault has done to the nodes and to the control plane, they are up afterwards."""
        with suppress(subprocess.SubprocessError, AssertionError):
            for node in self.tier.items("nodes"):
                if node["spec"].get("unschedulable"):
                    self.tier.kubectl("uncordon", node["metadata"]["name"])
        if not self.tier.cluster.is_up():
            self.tier.cluster.up()

    # The fault

    def _run_fault(self, fault: Fault, observer: Observer, record: Record) -> None:
        folder, access_file = self.deployment.folder, self.deployment.access_file
        access = Access.read(access_file)
        standing = verify.standing_data(str(time.time_ns()))
        verify.write(observer.look, access, standing)
        groups = [sorted(facts.view.myself.slots) for facts in _by_shard(observer)]
        replicas = min(1, observer.shape.replicas)
        writers = Writers(folder, access_file, groups, self.tier.paths.state, replicas=replicas)
        client: OrdinaryClient | None = None
        try:
            client = OrdinaryClient(folder, access_file)
            writers.wait_until_flowing()
            time.sleep(WARM_UP_SECONDS)
            context = FaultContext(self.deployment, observer, writers, standing=standing)
            try:
                context.begin()
                record.begun = True
                with time_limit(fault.act_seconds, "the fault itself"):
                    fault.act(context)
                self._wait_over(fault, observer, writers, record)
                end = time.monotonic()
                record.complaints += context.complaints
                record.notes += context.notes
                seen = client.stop()
                outcome = writers.stop()
                count(record, context, outcome, seen, end)
                self._read_back(record, observer, outcome, standing, replicas)
                judge(record, fault, fast=self.deployment.settings(fault.changes).fast_failover)
            finally:
                if fault.restore:
                    with time_limit(180, "restoring what the fault had changed"):
                        fault.restore(context)
        finally:
            writers.kill()
            if client:
                client.kill()

    def _wait_over(self, fault: Fault, observer: Observer, writers: Writers, record: Record) -> None:
        start = time.monotonic()
        while not (observer.good_for(start) >= STEADY_SECONDS and writers.flowing()):
            if time.monotonic() > start + fault.heal_seconds:
                steady = observer.good_for(start) >= STEADY_SECONDS
                what = "not every shard takes writes" if steady else observer.complaint()
                record.complaints.append(f"not well {fault.heal_seconds:.0f} s after it was over: {what}")
                self._trusted = False
                return
            time.sleep(0.1)

    def _read_back(
        self, record: Record, observer: Observer, outcome: Outcome, standing: Mapping[str, str], replicas: int
    ) -> None:
        access = Access.read(self.deployment.access_file)
        plain, waited = outcome.expected(0), outcome.expected(replicas) if replicas else {}
        patient = outcome.expected(patient=True)
        record.acknowledged, record.acknowledged_with_wait = len(plain), len(waited)
        record.acknowledged_patient = len(patient)
        record.standing_keys = len(standing)
        gone = {
            name: verify.missing(observer.look, access, data)
            for name, data in (
                ("lost", plain),
                ("lost_with_wait", waited),
                ("lost_patient", patient),
                ("standing_lost", standing),
            )
        }
        for name, keys in gone.items():
            setattr(record, name, len(keys))
            if keys:
                record.notes.append(f"{name}: {', '.join(keys[:4])}{', …' if len(keys) > 4 else ''}")
        unequal = verify.unequal_replicas(observer.look, access)
        if unequal:
            record.complaints.append(unequal)
        verify.remove(observer.look, access, [*outcome.touched(), *standing])


def _by_shard(observer: Observer) -> list[Any]:
    masters = [facts for facts in observer.look() if facts.is_master]
    return sorted(masters, key=lambda facts: facts.pod.shard)


def count(record: Record, context: FaultContext, outcome: Outcome, seen: ClientOutcome, end: float) -> None:
    """What there is to say about the time from the fault's beginning to its end."""
    for group in sorted({plan.group for plan in outcome.plans}):
        found = gaps(outcome.times(group), context.begun, end)
        record.longest_gap_ms[str(group)] = round(found.longest * 1000)
        record.p99_gap_ms[str(group)] = round(found.p99 * 1000)
        record.gaps_above_100_ms[str(group)] = found.above_100_ms
        record.told_in_longest_gap[str(group)] = outcome.told_in_longest_gap(group, context.begun, end)
    for plan in outcome.plans:
        found = gaps(outcome.times(plan.group, plan.replicas, patient=plan.patient), context.begun, end)
        if plan.replicas:
            record.longest_gap_with_wait_ms[str(plan.group)] = round(found.longest * 1000)
        if plan.patient:
            record.longest_gap_patient_ms[str(plan.group)] = round(found.longest * 1000)
    state_ok, replicated = context.observer.since(context.begun)
    state_ok = state_ok if context.seconds_to_state_ok is None else context.seconds_to_state_ok
    record.seconds_to_state_ok = None if state_ok is None else round(state_ok, 1)
    record.seconds_to_full_replication = None if replicated is None else round(replicated, 1)
    record.story = context.observer.story(context.begun)
    record.commands = seen.commands
    failures = [text for at, text in seen.failures if at >= context.begun - 1]
    record.failed_commands = len(failures)
    record.notes += [f"the client gave up: {text}" for text in list(dict.fromkeys(failures))[:3]]
    record.slowest_command_ms = round(seen.slowest * 1000)
    record.refusals = outcome.refusals()
    record.machine_pause_ms = round(outcome.longest_pause(context.begun, end) * 1000)
    record.load = round(os.getloadavg()[0], 1)


def judge(record: Record, fault: Fault, *, fast: bool) -> None:
    """Compare with what is expected, with or without the fast failover."""
    expected = fault.expectation
    longest_gap, state_ok = expected.longest_gap, expected.state_ok
    if not fast and longest_gap is not None and expected.slow_gap is not None:
        # Whatever comes after the election comes so much later.
        state_ok = None if state_ok is None else state_ok + expected.slow_gap - longest_gap
        longest_gap = expected.slow_gap
    busy = record.machine_pause_ms > BUSY_PAUSE_MS
    if busy:
        record.notes.append(
            f"the machine was busy (load {record.load}, own pause {record.machine_pause_ms} ms): times are not judged"
        )
    if record.standing_lost:
        record.complaints.append(f"{record.standing_lost} keys are gone that were there long before")
    if record.lost_with_wait:
        record.complaints.append(f"{record.lost_with_wait} writes are lost that a replica had")
    limits: list[tuple[str, float | None, float | None]] = [
        ("lost writes", record.lost, expected.lost),
        ("lost writes of patient writers", record.lost_patient, expected.lost),
        ("failed commands", record.failed_commands, expected.failed_commands),
    ]
    times: list[tuple[str, float | None, float | None]] = [
        ("ms without a write", max(record.longest_gap_ms.values()), _ms(longest_gap)),
        ("ms p99 gap", max(record.p99_gap_ms.values()), _ms(expected.p99_gap)),
        ("s to state ok", record.seconds_to_state_ok, state_ok),
    ]
    for what, value, limit in limits if busy else [*limits, *times]:
        if limit is not None and (value is None or value > limit):
            record.complaints.append(f"{value} {what}, at most {limit:g} expected")


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
