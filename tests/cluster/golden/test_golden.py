"""The golden set: what the report says of a change, against what `pulumi up` then does on the cluster."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest

from devcluster.plan import NODES
from operations.preview.engine import GATE_IS_CLOSED
from operations.preview.report.as_json import JsonObject, JsonStack
from tests.cluster.golden.changes import CHANGES, GoldenChange
from tests.cluster.golden.golden_stack import (
    HTTP_PORT,
    INGRESS_NAMESPACE,
    NAMESPACE,
    OTHER_NAMESPACE,
    PASSWORD,
    GoldenStack,
)
from tests.cluster.golden.live import Fate, Moment, look, name_of, wait_until_settled
from tests.cluster.golden.meanwhile import Absences, Writes, lost, master_epochs
from tests.cluster.golden.planted import secrets_in
from tests.cluster.harness.request_load import NewConnections
from tests.cluster.harness.sample import sampled
from tests.cluster.harness.stacks.copied_stack import objects_in, steps_done, steps_told
from tests.cluster.harness.tier import eventually

EACH_TIME = ("rule moved", "TLS on")
_NAMESPACES = (NAMESPACE, INGRESS_NAMESPACE, OTHER_NAMESPACE)
_URLS = tuple(f"any.example{path}" for path in ("/", "/user", "/user/x", "/userx", "/pay"))
_NOTICED_SECONDS = 10.0
_FAILOVER_SECONDS = 5.0
"""The node timeout: a hand-over takes less, however busy the machine is, and a failover without one more."""


@sampled("change", CHANGES, EACH_TIME)
def test_the_report_says_what_the_update_does(
    stack: GoldenStack, change: GoldenChange, request: pytest.FixtureRequest
) -> None:
    if change.is_final:
        request.addfinalizer(stack.start_anew)
    stack.start_from(change.before)
    stack.change(change.edit)
    if change.code is not None:
        change.code(stack)
    previewed = stack.preview()
    report = previewed.report
    assert previewed.code == (GATE_IS_CLOSED if change.closes else 0), previewed.shown[0]
    assert (report.components if not change.is_in_git else report.pending) == []
    assert list(secrets_in(previewed.shown)) == []
    if not change.is_deployed:
        return
    urls = tuple(dict.fromkeys((*_URLS, *change.urls, *(answer.url for answer in report.answers))))
    before, epochs = look(stack.tier, _NAMESPACES, urls), master_epochs(PASSWORD)
    with (
        NewConnections(f"{NODES[0].address}:{HTTP_PORT}", "/", per_second=10) as web,
        Writes(PASSWORD) as writes,
        Absences(stack.tier, _NAMESPACES) as absences,
    ):
        done, said = stack.up()
        wait_until_settled(stack.tier, _NAMESPACES)
    after = _look_when_served(stack, report, before, urls)
    assert done.succeeded == (report.verdict != "failed"), said
    assert steps_told(report) == steps_done(done)
    assert _reported(report) == Fate.between(before, after)
    assert list(_wrong_pods(report, before, after)) == []
    assert list(_wrong_absences(report, absences.longest, after)) == []
    assert list(_wrong_answers(report, before, after)) == []
    for url in change.urls:
        assert before.answers[url] != after.answers[url]
    if not change.closes:
        if not report.forecast.addresses:
            assert web.failed == [] or any(roll.away for roll in report.forecast.rolls)
        if change.name not in ("TLS on", "password"):
            assert list(_wrong_shards(report, epochs, master_epochs(PASSWORD))) == []
            assert writes.longest_pause < _FAILOVER_SECONDS or any(roll.away for roll in report.forecast.rolls)
            assert lost(writes.written, PASSWORD) == []


def _look_when_served(stack: GoldenStack, report: JsonStack, before: Moment, urls: tuple[str, ...]) -> Moment:
    """What is there after: an update does not wait until the controller has noticed that an Ingress is gone."""
    found: list[Moment] = []

    def is_served() -> None:
        found.append(look(stack.tier, _NAMESPACES, urls))
        assert list(_wrong_answers(report, before, found[-1])) == []

    with suppress(AssertionError):
        eventually(is_served, _NOTICED_SECONDS)
    return found[-1]


def _reported(report: JsonStack) -> Fate:
    """The fate of objects that the report tells; one that gets another name is another object."""
    fates: dict[str, set[str]] = {each: set() for each in ("create", "update", "replace", "delete")}
    for each in objects_in(report):
        # One that stays the same is told since it loses its protection.
        if not each.kind[0].isupper() or each.operation == "same":
            continue
        old, new = (name_of(each.kind, place or _made_up(each)) for place in (each.old_place, each.place))
        if each.operation == "replace" and old != new:
            fates["delete"].add(old)
            fates["create"].add(new)
        else:
            fates[each.operation].add(new)
    return Fate(*(frozenset(fates[each]) for each in ("create", "update", "replace", "delete")))


def _made_up(each: JsonObject) -> str:
    return f"{NAMESPACE}/{each.urn.rpartition('::')[2]}"


def _wrong_pods(report: JsonStack, before: Moment, after: Moment) -> Iterator[str]:
    """Workloads whose pods are not those that the forecast says."""
    rolled = {f"{each.kind} {each.place}": each for each in report.forecast.rolls}
    scaled = {f"{each.kind} {each.place}": each for each in report.forecast.scalings}
    for owner in sorted(before.pods.keys() & after.pods.keys()):
        old, new = before.pods[owner], after.pods[owner]
        scaling = scaled.get(owner)
        if owner in rolled:
            right = not old & new and (scaling is not None or len(old) == len(new) == rolled[owner].pods)
        elif scaling is None:
            right = old == new
        else:
            right = old <= new or new <= old
        if scaling is not None and scaling.new is not None:
            right = right and len(new) == scaling.new
        if not right:
            yield f"{owner}: {len(old)} pods became {len(new)}, {len(old & new)} of them the same"
    yield from (f"{owner} has no pods" for owner in rolled.keys() - before.pods.keys() - after.pods.keys())


def _wrong_absences(report: JsonStack, longest: Mapping[str, float], after: Moment) -> Iterator[str]:
    """Workloads that had no ready pod for longer than the forecast says."""
    told = {f"{each.kind} {each.place}": each.away for each in report.forecast.rolls}
    for name in longest.keys() & after.pods.keys():
        if longest[name] > told.get(name, 0):
            yield f"{name} had no ready pod for {longest[name]:.1f} s, and {told.get(name, 0)} s are told"


def _wrong_answers(report: JsonStack, before: Moment, after: Moment) -> Iterator[str]:
    told = {answer.url for answer in report.answers}
    changed = {url for url, answer in before.answers.items() if after.answers[url] != answer}
    if report.forecast.addresses and all(answer.startswith("Connect") for answer in after.answers.values()):
        return
    yield from (f"{url} is told and stays {before.answers[url]}" for url in told - changed)
    if not told:
        yield from (f"{url} is not told: {before.answers[url]} → {after.answers[url]}" for url in changed)


def _wrong_shards(report: JsonStack, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    for cluster in report.forecast.clusters:
        if cluster.old_shards != cluster.new_shards:
            # Slots that move change epochs too.
            return
    told = {place.rpartition("/")[2] for each in report.forecast.clusters for place in each.hand_over}
    handed = {shard for shard, epoch in after.items() if epoch != before.get(shard)}
    if told != handed:
        yield f"{sorted(told)} were to hand over, and {sorted(handed)} did"
