"""The list of dangers: its order, what is said once, and what is copied from it."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from operations.preview.gate.allowances import Allowance
from operations.preview.gate.dangers import DangerKind
from operations.preview.model.change import PolicyResult
from operations.preview.report.as_json import as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report, StackReport
from operations.preview.report.html import html
from operations.preview.report.listed_dangers import listed
from operations.preview.report.markdown import markdown
from operations.preview.report.terminal import terminal
from tests.unit.operations.preview.engine_log import change_of, component, state, step, urn_of

REDIS = component("RedisCluster", "redis")
TODAY = date(2026, 11, 27)


def unprotected(kind: str, name: str) -> Any:
    return step("same", kind, name, old=state(kind, name, protect=True), new=state(kind, name))


def deleted(kind: str, name: str, parent: str = "") -> Any:
    return step("delete", kind, name, parent=parent, old=state(kind, name, parent))


EVENTS = (
    unprotected("Secret", "c"),
    unprotected("StatefulSet", "b"),
    deleted("StatefulSet", "redis-shard-0", REDIS),
    deleted("Secret", "gone"),
    unprotected("StatefulSet", "a"),
)
UNPROTECTED = "3 objects lose their protection from deletion: Secret webtier/c; StatefulSets webtier/a, webtier/b."


def stack(*events: Any, allowances: tuple[Allowance, ...] = (), name: str = "prod", **options: Any) -> StackReport:
    change = replace(change_of(*events, **options), stack=name)
    return build(change, "its state", None, allowances=allowances, today=TODAY)


def allowance(kind: str, name: str, danger: DangerKind, until: date = TODAY) -> Allowance:
    return Allowance(urn=urn_of(kind, name), danger=danger, reason="nobody reads it", author="jane", until=until)


def block(comment: str) -> list[dict[str, str]]:
    """What is to be copied into `allowances.yaml`."""
    _, _, rest = comment.partition("<summary>As allowances.yaml takes them</summary>\n\n```yaml\n")
    return yaml.safe_load(rest.partition("\n```\n")[0]) or []


def test_the_worst_comes_first_in_every_form() -> None:
    kinds = [each.kind for each in listed([stack(*EVENTS, ends=False)])]
    deleted_ones = [DangerKind.DELETED] * 2
    assert kinds == [DangerKind.INCOMPLETE, *deleted_ones, DangerKind.FEWER_SHARDS, DangerKind.UNPROTECTED]
    for form in (markdown, html, terminal):
        text = form(Report((stack(*EVENTS, ends=False),)))
        assert text.index("did not come to its end") < text.index("Secret webtier/gone is deleted")
        assert text.index("Secret webtier/gone is deleted") < text.index("lose their protection from deletion")


def test_of_several_stacks_the_worst_comes_first_too() -> None:
    made = [stack(unprotected("Secret", "a")), stack(deleted("Secret", "a"), name="dev")]
    assert [each.stack for each in listed(made)] == ["dev", "prod"]


def test_protection_is_one_entry_that_names_all() -> None:
    for form in (markdown, html, terminal):
        assert form(Report((stack(*EVENTS),))).count(UNPROTECTED) == 1
    alike = stack(unprotected("Secret", "b"), unprotected("Secret", "a"))
    assert [each.what for each in listed([alike])] == [
        "2 Secrets lose their protection from deletion: webtier/a, webtier/b."
    ]
    alone = stack(unprotected("Secret", "a"))
    assert [each.what for each in listed([alone])] == ["Secret webtier/a loses its protection from deletion."]


def test_the_order_of_the_engine_changes_nothing() -> None:
    assert markdown(Report((stack(*EVENTS),))) == markdown(Report((stack(*reversed(EVENTS)),)))


def test_what_is_allowed_is_told_apart() -> None:
    ended = allowance("StatefulSet", "b", DangerKind.UNPROTECTED, date(2026, 11, 1))
    made = stack(*EVENTS, allowances=(allowance("Secret", "c", DangerKind.UNPROTECTED), ended))
    whats = [(each.what, each.allowance) for each in listed([made]) if each.kind is DangerKind.UNPROTECTED]
    assert sorted(whats) == [
        ("Secret webtier/c loses its protection from deletion.", "nobody reads it (jane, until 2026-11-27)"),
        ("StatefulSet webtier/a loses its protection from deletion.", ""),
        ("StatefulSet webtier/b loses its protection from deletion. Its allowance ended on 2026-11-01.", ""),
    ]
    assert {each["urn"] for each in block(markdown(Report((made,))))} == {
        each.urn for each in made.dangers if not each.allowance
    }


def test_urns_are_in_one_folded_block_as_the_file_has_them() -> None:
    made = Report((stack(*EVENTS, ends=False),))
    comment = markdown(made)
    of_each = [(each.urn, str(each.kind)) for each in made.dangers if each.kind is not DangerKind.INCOMPLETE]
    assert sorted((each["urn"], each["danger"]) for each in block(comment)) == sorted(of_each)
    assert "urn:" not in comment.partition("<details>")[0]
    assert "<summary>As allowances.yaml takes them</summary>\n<pre>- urn: urn:pulumi:prod::" in html(made)
    assert len(json.loads(as_json(made))["stacks"][0]["dangers"]) == len(made.dangers)


def test_what_can_not_be_allowed_is_not_in_the_block() -> None:
    comment = markdown(Report((stack(ends=False),)))
    assert "allowances.yaml" not in comment
    assert "**The gate is closed: the danger is not allowed.**" in comment


@pytest.mark.parametrize("limit", [65_400, 1_500, 100])
def test_no_danger_is_left_out_of_a_short_comment(limit: int) -> None:
    many = [unprotected("PersistentVolumeClaim", f"data-{number}") for number in range(20)]
    comment = markdown(Report((stack(*EVENTS, *many),)), limit)
    _, _, dangerous = comment.partition("### Dangerous\n\n")
    told = dangerous.partition("\n\n")[0]
    for name in ("gone is deleted", "redis-shard-0 is deleted", *(f"data-{number}" for number in range(20))):
        assert name in told
    assert bool(block(comment)) is (limit > 2_000)
    assert ("artifact has them as allowances.yaml" in comment) is (limit < 2_000)


def test_a_terminal_has_few_urns_or_none() -> None:
    few = terminal(Report((stack(deleted("Secret", "a"), unprotected("Secret", "b")),)))
    assert few.count("urn:pulumi") == 2
    assert "urn:pulumi" not in terminal(Report((stack(*EVENTS),)))


def test_what_the_sentence_does_not_name_stands_beside_it() -> None:
    change = change_of(unprotected("Secret", "a"))
    refused, named, other = (
        PolicyResult("webtier", "no-node-port", mandatory=True, message=message, urn=urn)
        for message, urn in (("No.", urn_of("Secret", "a")), ("No 'a'.", urn_of("Secret", "a")), ("No.", "urn:other"))
    )
    unused = allowance("Secret", "b", DangerKind.DELETED)
    made = build(replace(change, policies=(refused, named, other)), "its state", None, allowances=[unused], today=TODAY)
    comment = markdown(Report((made,)))
    for said in ("no-node-port: No. `Secret webtier/a`\n", "no-node-port: No 'a'.\n", "No. `urn:other`\n"):
        assert said in comment
    assert f"take the entry out of allowances.yaml. `{unused.urn}`" in comment


def test_a_name_in_the_block_stays_what_it_is() -> None:
    odd = "a: b # ```\n</details>"
    comment = markdown(Report((stack(step("delete", "Secret", odd, old=state("Secret", "a"))),)))
    _, _, rest = comment.partition("````yaml\n")
    assert yaml.safe_load(rest.partition("\n````\n")[0]) == [{"urn": urn_of("Secret", odd), "danger": "deleted"}]
