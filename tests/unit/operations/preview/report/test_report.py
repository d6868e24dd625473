"""The report in all its forms, from event logs as the engine writes them."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from typing_extensions import override

from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque
from operations.preview.provenance import Cause
from operations.preview.report.as_json import JsonReport, as_json
from operations.preview.report.build import build
from operations.preview.report.document import Report, Verdict
from operations.preview.report.html import html
from operations.preview.report.markdown import markdown
from operations.preview.report.sentences import provenance
from operations.preview.report.terminal import terminal
from tests.unit.operations.preview.engine_log import change_of, changed, state, step
from tests.unit.operations.preview.report.reports import LOST, REDIS, ROLLED, SCALED, WEB, report, stack

GOALS = [
    (parent, [state("ConfigMap", name, parent, data={"job": job}) for job in ("converge-0a", "converge-1b")])
    for name, parent in (("redis-goal", REDIS), ("redis-goal", ""), ("redis-other", REDIS))
]
OF_A_JOB, *OF_OTHERS = (
    step("replace", "ConfigMap", old["inputs"]["metadata"]["name"], parent=parent, old=old, new=new, keys=["data"])
    for parent, (old, new) in GOALS
)


@pytest.mark.parametrize(
    ("events", "options", "verdict"),
    [
        ([], {}, Verdict.NO_CHANGES),
        ([OF_A_JOB], {}, Verdict.SAFE),
        *(([each], {}, Verdict.REVIEW) for each in OF_OTHERS),
        ([step("create", "Service", "a", new=state("Service", "a"))], {}, Verdict.SAFE),
        ([SCALED], {}, Verdict.SAFE),
        ([ROLLED], {}, Verdict.REVIEW),
        ([changed("Ingress", "a", {"x": 1}, {"x": 2})], {}, Verdict.REVIEW),
        ([step("delete", "Service", "a", old=state("Service", "a"))], {}, Verdict.REVIEW),
        ([step("delete", "Job", "a", old=state("Job", "a"))], {}, Verdict.SAFE),
        ([LOST], {}, Verdict.DESTRUCTIVE),
        ([LOST], {"ends": False}, Verdict.FAILED),
        ([], {"result": "failed"}, Verdict.FAILED),
    ],
)
def test_the_verdict(events: list[Any], options: dict[str, Any], verdict: Verdict) -> None:
    assert report(*events, **options).verdict is verdict


def test_several_stacks_have_the_worst_verdict() -> None:
    parts = (stack(change_of(LOST), name="dev"), stack(change_of(SCALED), name="prod"))
    assert Report(parts).verdict is Verdict.DESTRUCTIVE


def test_the_verdict_and_what_is_dangerous_come_first_and_are_not_folded() -> None:
    text = markdown(report(SCALED, LOST))
    assert text.startswith("## Preview: destructive\n")
    danger = text.index("StatefulSet webtier/redis-shard-2 is deleted")
    assert danger < text.index("**Settings that differ**")
    assert danger < text.index("<details>")
    assert LOST["resourcePreEvent"]["metadata"]["urn"] in text


def test_advice_of_policies_is_folded_and_each_sentence_said_once() -> None:
    told = {"policyName": "image-digest", "enforcementLevel": "advisory", "message": "Name it.\nIt has no <digest>."}
    advice = {"policyEvent": {**told, "policyPackName": "webtier"}}
    made = report(SCALED, advice, advice)
    assert "<summary>Policies advise: 1 image-digest</summary>" in markdown(made)
    assert (
        markdown(made).count("Name it. It has no &lt;digest&gt;.") == html(made).count("It has no &lt;digest&gt;.") == 1
    )
    assert "Policies advise: 1 image-digest" in terminal(made)
    (message, _) = JsonReport.model_validate_json(as_json(made)).stacks[0].messages
    assert (message.severity, message.policy) == ("advisory", "image-digest")


def test_advice_about_what_does_not_change_is_only_counted() -> None:
    told = {"policyName": "image-digest", "enforcementLevel": "advisory", "policyPackName": "webtier"}
    changing = SCALED["resourcePreEvent"]["metadata"]["urn"]
    events = [{"policyEvent": {**told, "message": urn, "resourceUrn": urn}} for urn in (changing, "urn:b", "urn:c")]
    made = report(SCALED, *events)
    said = "Policies advise: 1 image-digest; 2 times about what does not change"
    assert said in terminal(made)
    assert f"<summary>{said}</summary>" in markdown(made)
    assert "urn:b" not in markdown(made)
    assert "urn:b" in html(made)
    assert f"{said.replace('1 image-digest; ', '')}." in markdown(report(SCALED, *events[1:]))


def test_settings_come_before_what_follows_from_them() -> None:
    for form in (markdown, terminal, html):
        text = form(report(SCALED)).partition("Settings that differ")[2]
        assert text.index("services.user-v1.replicas") < text.index("spec.replicas")
        assert "3 → 5" in text


def test_warnings_that_the_base_has_too_are_only_counted() -> None:
    told = [
        {"diagnosticEvent": {"severity": severity, "message": message}}
        for severity, message in (("warning", "retired"), ("warning", "new one"), ("error", "retired"))
    ]
    change = change_of(SCALED, *told)
    made = Report((build(change, "the base", (), of_base=change_of(told[0]).diagnostics),))
    for form in (markdown, terminal, html):
        text = form(made)
        assert "1 warning that the base has too" in text
        assert "warning: retired" not in text
        assert "error: retired" in text
        assert "warning: new one" in text
    messages = JsonReport.model_validate_json(as_json(made)).stacks[0].messages
    assert [(each.severity, each.message) for each in messages] == [
        ("warning", "retired"),
        ("warning", "new one"),
        ("error", "retired"),
    ]
    assert "warning: retired" in terminal(Report((build(change, "an empty state", ()),)))


def test_a_setting_that_one_side_does_not_have_is_shown_with_its_default() -> None:
    comes = Difference(("redis", "shards"), Opaque.ABSENT, 2, default=3)
    goes = Difference(("protect",), True, Opaque.ABSENT, default=False)
    made = Report((stack(change_of(), comes, goes, Difference(("node_address",), Opaque.ABSENT, "a")),))
    for form in (markdown, terminal):
        text = form(made)
        assert "3 (default) → 2" in text
        assert "true → false (default)" in text
        assert "+ a" in text
    shards, protect, _ = json.loads(as_json(made))["stacks"][0]["settings"]
    assert (shards, protect) == ({"path": "redis.shards", "new": 2}, {"path": "protect", "old": True})


def test_the_same_change_of_several_stacks_is_shown_once() -> None:
    change = change_of(SCALED)
    text = markdown(Report((stack(change, name="dev"), stack(change, name="prod"), stack(change_of(), name="test"))))
    assert text.count("spec.replicas") == 1
    assert "### dev, prod (the same in each)" in text
    assert "| test | **no changes**" in text


def test_sections_begin_with_the_worst_and_the_matrix_is_as_given() -> None:
    names = ("dev", "staging", "prod", "test")
    events = (SCALED, ROLLED, changed("Ingress", "a", {"x": 1}, {"x": 2}), LOST)
    made = Report(tuple(stack(change_of(each), name=name) for name, each in zip(names, events, strict=True)))
    comment, page, short = markdown(made), html(made), terminal(made)
    worst_first = ["test", "prod", "staging", "dev"]
    assert [line[4:] for line in comment.splitlines() if line.startswith("### ")][1:] == worst_first
    assert [line.split('"')[1] for line in page.splitlines() if line.startswith("<h2 id")] == worst_first
    assert [line.split(":")[0] for line in short.splitlines() if line[:1].isalpha()] == worst_first
    assert [line.split("|")[1].strip() for line in comment.splitlines() if line.startswith("|")][2:] == list(names)


def test_what_stacks_are_compared_with_is_said_once_where_it_is_the_same() -> None:
    change = change_of(SCALED)
    alike = Report(tuple(stack(change, name=name) for name in ("dev", "prod")))
    assert markdown(alike).count("Compared with its state.") == html(alike).count("Compared with its state.") == 1
    others = Report((*alike.stacks, build(replace(change_of(), stack="test"), "the base", None)))
    comment, page = markdown(others), html(others)
    assert "### dev, prod (the same in each)\n\nCompared with its state.\n" in comment
    # It has no section.
    assert comment.index("Compared with the base.") < comment.index("###")
    assert (page.count("Compared with its state."), page.count("Compared with the base.")) == (2, 1)
    named = replace(others.stacks[1], against="another")
    both = markdown(Report((others.stacks[0], named)))
    assert "### dev, prod (the same in each)\n\nCompared: dev with its state; prod with another.\n" in both


def test_a_line_is_an_item_and_a_text_a_block() -> None:
    said = [
        {"diagnosticEvent": {"severity": severity, "message": message}}
        for severity, message in (("warning", "old_one\n"), ("error", "one\ntwo"), ("error", "preview failed"))
    ]
    comment = markdown(report(*said, result="failed"))
    assert "\n```text\nerror: one\ntwo\n```\n\n- warning: old\\_one\n\n" in comment
    for form in (markdown, html, terminal):
        assert "error: preview failed" not in form(report(*said, result="failed"))
        assert "error: preview failed" in form(report(*said[:1], said[2], result="failed"))
        refused = {"policyName": "a", "enforcementLevel": "mandatory", "message": "No.", "policyPackName": "webtier"}
        assert "error: preview failed" not in form(report({"policyEvent": refused}, said[2], result="failed"))


def test_causes_are_folded() -> None:
    urn = SCALED["resourcePreEvent"]["metadata"]["urn"]
    causes = [Cause(what, {urn: ("spec.replicas",)}) for what in ("a.b", "the code")]
    made = Report((build(change_of(SCALED), "its state", None, causes=causes),))
    title = "Which setting changes which fields"
    for form in (markdown, html):
        assert f"<details><summary>{title}</summary>" in form(made)
        assert "the code: Deployment webtier/user-v1" in form(made)
    assert f"  {title}\n    a.b: Deployment webtier/user-v1 (spec.replicas)\n" in terminal(made)


def test_lost_protection_is_no_operation() -> None:
    events = [
        step("same", kind, name, parent=REDIS, old=state(kind, name, REDIS, protect=True), new=state(kind, name, REDIS))
        for kind, name in (("StatefulSet", "a"), ("StatefulSet", "b"), ("Secret", "c"), ("Service", "d"))
    ]
    same = step("same", "Service", "e", old=state("Service", "e"), new=state("Service", "e"))
    made = report(*events, same)
    comment = markdown(made)
    assert (
        "redis (RedisCluster): 1 Secret loses its protection, 1 Service loses its protection, "
        "2 StatefulSets lose their protection</summary>"
    ) in comment
    for form in (markdown, html, terminal):
        text = form(made)
        assert "Secret webtier/c: loses its protection" in text
        assert "4 lose their protection, 1 unchanged" in text
        assert "same" not in text.partition("Objects")[2]
    assert "StatefulSets webtier/a, webtier/b: lose their protection" in comment
    assert "1 loses its protection" in markdown(report(events[0]))


@pytest.mark.parametrize(
    ("events", "options", "said"),
    [
        ([SCALED], {}, "The gate is open: no data goes, and no protection."),
        ([LOST], {}, "The gate is closed: 2 of 2 dangers are not allowed. To allow them, see docs/preview.md."),
        ([], {"result": "failed"}, "The gate is closed: the danger is not allowed."),
    ],
)
def test_the_gate_is_told_where_something_changes(events: list[Any], options: dict[str, Any], said: str) -> None:
    for form in (markdown, html, terminal):
        assert said in form(report(*events, **options))
        assert "gate" not in form(report())


def test_the_base_is_told_with_its_commit() -> None:
    made = replace(report(SCALED), base="origin/main", base_commit="ba5e" * 10)
    for form in (markdown, html):
        assert "commit c0ffee compared with origin/main" in form(made)
        assert "ba5eba5eba5e" in form(made)
    given = replace(made, base="ba5e" * 10)
    assert provenance(given).startswith("commit c0ffee compared with ba5eba5eba5e · at")
    assert provenance(replace(made, base_commit="")).startswith("commit c0ffee compared with origin/main · at")
    assert provenance(replace(made, base="", base_commit="")).startswith("commit c0ffee · at")
    assert JsonReport.model_validate_json(as_json(made)).base_commit == "ba5e" * 10


def test_noise_is_counted_and_not_listed() -> None:
    old, new = (
        {
            "spec": {
                "replicas": number,
                "template": {"metadata": {"annotations": {"webtier/config-checksum": str(number)}}},
            }
        }
        for number in (1, 2)
    )
    text = markdown(report(changed("Deployment", "user-v1", old, new, WEB)))
    assert "checksum:" not in text
    assert "not listed: 1 checksum." in text


def test_noise_is_counted_in_the_words_of_its_fields() -> None:
    def annotated(n: int) -> dict[str, Any]:
        return {"metadata": {"annotations": {"pulumi.com/waitFor": f"{n}", "a/checksum": f"{n}", "b/checksum": f"{n}"}}}

    counted = "1 annotation pulumi.com/waitFor, 2 checksums"
    made = report(changed("Deployment", "user-v1", annotated(1), annotated(2), WEB))
    assert f"not listed: {counted}." in markdown(made)
    assert f"({counted})" in html(made)


def test_lines_of_a_text_are_compared() -> None:
    old, new = ({"data": {"a.conf": f"one\ntwo\nthree {n}\nfour\n"}} for n in (1, 2))
    text = markdown(report(changed("ConfigMap", "files", old, new, WEB)))
    assert "\n-three 1\n+three 2\n" in text
    assert "one" in text


def test_the_json_form_has_its_schema() -> None:
    text = as_json(report(SCALED, LOST))
    JsonReport.model_validate_json(text)
    read = json.loads(text)
    assert (read["version"], read["verdict"]) == (1, "destructive")
    (web,) = [each for each in read["stacks"][0]["components"] if each["name"] == "user-v1"]
    assert web["objects"][0]["fields"] == [{"path": "spec.replicas", "old": 3, "new": 5}]


def test_drift_stands_in_every_form_also_where_nothing_else_changes() -> None:
    sentence = "Service a: spec.type was changed by kubectl-edit"
    found = build(change_of(), "its state", None, drift=[sentence])
    forms = [form(Report((found,))) for form in (terminal, markdown, html, as_json)]
    assert [sentence in each.replace("\\", "") for each in forms] == [True] * 4
    assert json.loads(as_json(report()))["stacks"][0]["drift"] is None


def test_a_side_that_is_not_there_is_no_key_in_json() -> None:
    text = as_json(report(changed("Service", "a", {}, {"x": None}, WEB)))
    (service,) = json.loads(text)["stacks"][0]["components"][0]["objects"]
    assert service["fields"] == [{"path": "x", "new": None}]


class Page(HTMLParser):
    """What tags are open, and what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data") or tag == "link"]

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing() -> None:
    page = Page()
    text = html(report(SCALED, ROLLED, LOST))
    page.feed(text)
    assert (page.open, page.fetched) == ([], [])
    assert "url(" not in text
    assert 'name="viewport"' in text


def test_the_same_change_gives_the_same_bytes() -> None:
    events = [SCALED, LOST, changed("Service", "a", {"x": 1}, {"x": 2}, REDIS)]
    for form in (markdown, html, terminal, as_json):
        assert form(report(*events)) == form(report(*reversed(events)))
