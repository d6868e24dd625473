"""What a change does, in the few words that a row of the matrix has room for."""

import re
from dataclasses import replace
from typing import Any

import pytest

from operations.preview.forecast.answers import ChangedAnswer, Told
from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque, Value
from operations.preview.report.build import build
from operations.preview.report.document import Report, StackReport
from operations.preview.report.html import html
from operations.preview.report.markdown import markdown
from operations.preview.report.sentences import headline
from operations.preview.report.texts import plural, short_old_and_new
from tests.unit.operations.preview.engine_log import change_of, changed, component, state, step

REDIS = component("RedisCluster", "redis")
IMAGES = (
    "docker.io/nginxinc/nginx-unprivileged:1.29.1-bookworm",
    "docker.io/nginxinc/nginx-unprivileged:1.29.2-bookworm",
)


def rolled(kind: str, name: str, pods: int, parent: str = "") -> Any:
    before, after = ({"spec": {"replicas": pods, "template": {"a": number}}} for number in (1, 2))
    return changed(kind, name, before, after, parent)


def stack(*events: Any, settings: int = 0, answers: tuple[ChangedAnswer, ...] = ()) -> StackReport:
    differing = [Difference(("services", f"a{number}", "replicas"), 4, 6) for number in range(settings)]
    return build(change_of(*events), "its state", differing, answers)


def answer(others: int) -> ChangedAnswer:
    return ChangedAnswer("a.example/", "prefix /", "a is asked", "prefix /", "b is asked", others)


def test_it_has_settings_and_then_what_follows() -> None:
    gone = step("delete", "Secret", "a", old=state("Secret", "a"))
    shards = [rolled("StatefulSet", f"redis-shard-{number}", 3, REDIS) for number in range(2)]
    made = stack(rolled("Deployment", "a", 4), *shards, gone, settings=5, answers=(answer(2), answer(0)))
    settings, others = headline(made)
    assert settings == [f"services.a{number}.replicas: 4 → 6" for number in range(3)]
    assert others == [
        "2 more settings differ",
        "10 pods restart",
        "4 URLs are answered otherwise",
        "2 shards hand over",
        "1 danger",
    ]


def test_one_of_each_is_told_as_one() -> None:
    one = rolled("StatefulSet", "redis-shard-0", 2, REDIS)
    assert headline(stack(one, settings=4, answers=(answer(0),)))[1] == [
        "1 more setting differs",
        "2 pods restart",
        "1 URL is answered otherwise",
        "1 shard hands over",
    ]
    assert headline(stack(rolled("Deployment", "a", 1)))[1] == ["1 pod restarts"]


def test_a_long_name_of_a_setting_is_cut() -> None:
    made = build(change_of(rolled("Deployment", "a", 1)), "its state", [Difference(("a", "b" * 300), 1, 2)])
    assert headline(made)[0] == [f"a.{'b' * 38}…{'b' * 39}: 1 → 2"]


def test_it_is_in_the_matrix_and_empty_where_nothing_changes() -> None:
    made = Report((replace(stack(settings=1), stack="dev"), stack(rolled("Deployment", "a", 2), settings=1)))
    comment, page = markdown(made), html(made)
    assert "| dev | **no changes**: nothing would change |  |  |" in comment
    assert "| 1 | `services.a0.replicas: 4 → 6`; 2 pods restart |" in comment
    assert "what it does |\n| --- " in comment
    assert '<td class="count"></td><td></td></tr>' in page
    assert "<td><code>services.a0.replicas: 4 → 6</code>; 2 pods restart</td></tr>" in page


@pytest.mark.parametrize("hostile", ["a | b", "`|`@everyone", "\\\\|", "x\ny|<b>", "</td><script>"])
def test_nothing_in_a_setting_ends_its_cell(hostile: str) -> None:
    setting = Difference(("services", hostile), 1, hostile)
    made = Report((build(change_of(rolled("Deployment", "a", 2)), "its state", [setting]),))
    (row,) = [line for line in markdown(made).splitlines() if line.startswith("| prod |")]
    # A backslash and what is behind it are one.
    assert re.sub(r"\\.", "", row).count("|") == 5
    assert row.endswith("; 2 pods restart |")
    assert "@everyone" not in row
    assert "<script>" not in html(made)
    assert "<b>" not in re.sub("`[^`]*`", "", row)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (4, 6, "4 → 6"),
        (*IMAGES, "docker.io/nginxinc/n…ged:1.29.1-bookworm → docker.io/nginxinc/n…ged:1.29.2-bookworm"),
        ("a" * 40 + "b" + "a" * 40, "a" * 40 + "c" + "a" * 40, f"…{'a' * 10}b{'a' * 10}… → …{'a' * 10}c{'a' * 10}…"),
        ("a" * 100, "a" * 99, f"…{'a' * 11} → …{'a' * 10}"),
        (Opaque.ABSENT, "a" * 50, f"+ {'a' * 20}…{'a' * 19}"),
        ("a" * 41, Opaque.ABSENT, f"- {'a' * 20}…{'a' * 19}"),
        (Opaque.SECRET, Opaque.SECRET, "changed (a secret)"),
        (Opaque.SECRET, "a", "(a secret) → a"),
    ],
)
def test_a_value_is_short_and_shows_what_differs(old: Value, new: Value, said: str) -> None:
    assert short_old_and_new(Difference(("a",), old, new)) == said


def test_many_of_a_kind_have_its_plural() -> None:
    kinds = ["Ingress", "NetworkPolicy", "Gateway", "Endpoints", "PersistentVolumeClaim"]
    assert [plural(kind) for kind in kinds] == [
        "Ingresses",
        "NetworkPolicies",
        "Gateways",
        "Endpoints",
        "PersistentVolumeClaims",
    ]


@pytest.mark.parametrize("path", ["/pay", "/a|b", "/`c`", "/@everyone"])
def test_a_url_that_another_service_answers_is_named(path: str) -> None:
    moved = replace(answer(1), alike=(path,), before=Told("pay-v1"), after=Told("user-v1"))
    made = stack(rolled("Deployment", "a", 1), answers=(moved,))
    assert headline(made)[1] == [f"{path} by user-v1 instead of pay-v1", "1 pod restarts"]
    [row] = [line for line in markdown(Report((made,))).splitlines() if "instead of" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert headline(stack(rolled("Deployment", "a", 1), answers=(moved,) * 3))[1][1:] == [
        "6 URLs are answered otherwise"
    ]
