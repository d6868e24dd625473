"""Rules are changed under load: at no moment is a request answered by other rules than those of before or of after."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.cluster.harness.request_load import KeptConnections, expected
from tests.cluster.harness.stacks.rules_stack import WEB_IMAGE, RulesStack
from tests.cluster.harness.tier import Tier, eventually
from webtier.path_rules import PathRule
from webtier.web_service import WebServiceSettings

RATE = 200
ALL = bool(os.environ.get("ALL_CHANGES"))
"""`make changes` makes all kinds of change, else two are made that have most of what there is to go wrong."""

EACH_TIME = ("the first regex beside an access list", "everything at once")
REQUESTS = 40_000 if ALL else 6_000
LOADED = 20.0
"""Seconds in which the controller has to have loaded what it has been given. It does so every 3.3 s at most."""

HOST = "change.example"
PATHS = (
    *("/", "/ba", "/ba/x", "/BA", "/banana", "/bananas", "/ba-x", "/open", "/open/x", "/open-secret", "/exact"),
    *("/exactly", "/exact/x", "/api", "/api/v1", "/api/v1/a", "/api/v1.2", "/api/v12", "/apiv1", "/old/a", "/other"),
)
Rules = Sequence[dict[str, Any]]

PLAIN: Rules = (
    {"path": "/ba", "backend": "app"},
    {"path": "/banana", "backend": "api"},
    {"path": "/", "backend": "web"},
    {"path": "/exact", "match": "exact", "backend": "next"},
)
CLOSED: Rules = (
    {"path": "/", "backend": "web", "access": {"allow": ["192.0.2.0/24"]}},
    {"path": "/open", "match": "exact", "backend": "app"},
    {"path": "/ba", "backend": "app"},
)
REGEX = {"path": "/api/v[0-9]+", "match": "regex", "backend": "api"}
REWRITE = {"path": "/api", "backend": "api", "rewrite": "strip_prefix"}
SIZE = {"body_size": "8Mi"}

KINDS: dict[str, tuple[Rules, Rules]] = {
    "the first regex of a host": (PLAIN, (*PLAIN, REGEX)),
    "the first rewrite of a host": (PLAIN, (*PLAIN, REWRITE)),
    "an exact rule, and one for a longer prefix": (
        PLAIN,
        (*PLAIN, {"path": "/ba/x", "match": "exact", "backend": "next"}, {"path": "/open/x", "backend": "api"}),
    ),
    "another backend of a plain rule": (PLAIN, ({**PLAIN[0], "backend": "next"}, *PLAIN[1:])),
    "another backend of a rule with options": (
        (*PLAIN, REWRITE),
        (*PLAIN, {**REWRITE, "backend": "next"}),
    ),
    "an access list": (({**CLOSED[0], "access": {"allow": ["0.0.0.0/0"]}}, *CLOSED[1:]), CLOSED),
    "the first regex beside an access list": (CLOSED, (*CLOSED, REGEX)),
    "an option of a plain rule": (PLAIN, ({**PLAIN[0], **SIZE}, *PLAIN[1:])),
    "an option of the root": (PLAIN, (*PLAIN[:2], {**PLAIN[2], **SIZE}, *PLAIN[3:])),
    "rules within one with options": (
        (*PLAIN, {"path": "/api", "backend": "api", **SIZE}, {"path": "/api/v1", "backend": "app"}),
        (*PLAIN, {"path": "/api", "backend": "next", **SIZE}, {"path": "/api/v1.2", "backend": "web"}),
    ),
    "a root with options, a rule within it that comes and one that goes": (
        CLOSED,
        (
            {**CLOSED[0], "backend": "next", "access": {"allow": ["0.0.0.0/0"]}},
            *CLOSED[1:2],
            {"path": "/other", "backend": "api"},
        ),
    ),
    "a prefix that becomes exact, and another a redirect": (
        PLAIN,
        (
            {**PLAIN[0], "match": "exact"},
            {"path": "/banana", "redirect": {"to": "http://elsewhere.example/", "code": 307}},
            *PLAIN[2:],
        ),
    ),
    "everything at once": (
        (*PLAIN, REWRITE, {"path": "/old", "backend": "app", **SIZE}),
        (*CLOSED, REGEX, {"path": "/banana", "backend": "web", "rewrite": "strip_prefix"}),
    ),
}


def services() -> dict[str, WebServiceSettings]:
    """Each says who it is and what it was asked for."""
    return {name: _service(name) for name in ("app", "api", "web", "next", "home")}


def _service(name: str) -> WebServiceSettings:
    says = f"server {{ listen 8080; default_type text/plain; location / {{ return 200 '{name} $request_uri'; }} }}\n"
    given = {"image": WEB_IMAGE, "replicas": 1, "files": {"/etc/nginx/conf.d/default.conf": says}}
    return WebServiceSettings.model_validate(given)


def rules_of(given: Rules) -> list[PathRule]:
    return [PathRule.model_validate({"host": HOST, **each}) for each in given]


@pytest.fixture(scope="module")
def stack(tier: Tier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RulesStack]:
    made = RulesStack(tier, tmp_path_factory.mktemp("changes"), "changes", 32062)
    made.default_backend, made.services = "home", services()
    made.controller = {"external_traffic_policy": "Cluster"}
    made.rules = rules_of(PLAIN)
    with made.deployed(destroy=False):
        yield made


def change(stack: RulesStack, load: KeptConnections, to: Rules) -> list[str]:
    """Deploys other rules, and says which answers were neither those of before nor those of after."""
    before, begin = stack.rule_set, time.monotonic()
    stack.rules = rules_of(to)
    stack.up()
    eventually(lambda: _all_right(load, stack), LOADED)
    settled = time.monotonic()
    # From now on only the new ones count.
    time.sleep(2)
    return list(load.wrong(before, stack.rule_set, begin, settled))


def test_no_request_is_answered_otherwise_than_before_or_after(stack: RulesStack) -> None:
    address = stack.url.removeprefix("http://")
    asks = [(HOST, path) for path in PATHS]
    wrong: dict[str, list[str]] = {}
    count = 0
    kinds = KINDS if ALL else {kind: KINDS[kind] for kind in EACH_TIME}
    for kind, (before, after) in kinds.items():
        if stack.rules != rules_of(before):
            stack.rules = rules_of(before)
            stack.up()
        with KeptConnections(address, asks, RATE) as load:
            eventually(lambda load=load: _all_right(load, stack), 30)
            for way, rules in (("there", after), ("back", before)):
                found = change(stack, load, rules)
                if found:
                    wrong[f"{kind}, {way}"] = [f"{len(found)} wrong", *found[:5]]
            # A busy machine asks more slowly, and so for longer.
            eventually(lambda load=load: _asked_enough(load, len(kinds)), 120)
        count += len(load.asked)
        record(f"{kind}: {len(load.asked)} requests, so far {len(wrong)} changes with a wrong answer")
    record(f"{count} requests, {sum(map(len, wrong.values()))} wrong")
    assert not wrong, "\n".join(f"{kind}: {line}" for kind, lines in wrong.items() for line in lines)
    assert count >= REQUESTS


def record(line: str) -> None:
    """Shown with `pytest -s`."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _asked_enough(load: KeptConnections, kinds: int) -> None:
    assert len(load.asked) >= REQUESTS / kinds


def _all_right(load: KeptConnections, stack: RulesStack) -> None:
    latest = [each for each in load.asked if each.begin > time.monotonic() - 2]
    assert {each.path for each in latest} == set(PATHS), "a busy machine: not every path was asked for"
    for each in latest:
        assert each.outcome == expected(stack.rule_set, each.host, each.path), each
