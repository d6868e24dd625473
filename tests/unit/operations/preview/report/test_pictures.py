"""The picture in the report: what changes and what is beside it, and nothing else."""

import re
from dataclasses import replace
from typing import Any

import pytest

from operations.diagram.picture import Mark
from operations.preview.model.change import Change, Operation, PolicyResult
from operations.preview.model.differences import Difference
from operations.preview.provenance import Cause
from operations.preview.report.build import build
from operations.preview.report.document import Report
from operations.preview.report.html import html
from operations.preview.report.markdown import markdown
from operations.preview.report.pictures import changed_picture
from tests.unit.environment.program.recorded_program import files_of_this_machine as files_of_this_machine
from tests.unit.environment.stack_files import stack_config
from tests.unit.operations.diagram.pictures import change, with_services

PAY = stack_config("dev")["services"]["pay-v1"]


def of_web_services(old: dict[str, Any], new: dict[str, Any], stack: str = "dev") -> Change:
    """An update, without certificates and passwords, which each recorded run makes anew."""
    found = change(stack, old, new)
    steps = (
        step if "index:WebService" in step.urn or "PathRule" in step.urn else replace(step, after=step.before)
        for step in found.steps
    )
    return replace(
        found, steps=tuple(replace(step, differences=()) if step.before == step.after else step for step in steps)
    )


def scaled() -> Change:
    return of_web_services({}, with_services("dev", **{"pay-v1": {**PAY, "replicas": 4}}))


def test_the_report_has_the_changed_part_as_a_picture() -> None:
    stack = build(scaled(), "its state", None)
    picture = changed_picture(stack)
    assert picture is not None
    marks = {node.id: node.mark for node in picture.nodes}
    assert marks["service pay-v1"] is Mark.CHANGED
    assert "service user-v1" not in marks
    comment, page = markdown(Report((stack,))), html(Report((stack,)))
    [chart] = re.findall(r"^```mermaid\n(.*?)^```$", comment, re.MULTILINE | re.DOTALL)
    assert "1 pod → 4 pods" in chart
    assert "user-v1" not in chart
    assert len(chart.splitlines()) == 2
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="tier"' in page
    assert "~ 1 pod → 4 pods</text>" in page


def test_two_settings_of_production_are_told_on_one_screen() -> None:
    user = stack_config("prod")["services"]["user-v1"]
    image = "docker.io/nginxinc/nginx-unprivileged:1.29.2-bookworm"
    found = of_web_services({}, with_services("prod", **{"user-v1": {**user, "image": image, "replicas": 6}}), "prod")
    placed = (replace(step, place=f"webtier/{step.name}") for step in found.steps)
    (urn,) = (step.urn for step in found.changing if step.kind == "Deployment")
    advice = [PolicyResult("webtier", "image-digest", False, f"{which} has no digest.", urn) for which in ("a", "b")]
    others = [replace(each, urn="urn:of:another::one") for each in advice]
    settings = [Difference(("services", "user-v1", name), 1, 2) for name in ("image", "replicas")]
    causes = [Cause(f"services.user-v1.{name}", {urn: (f"spec.{name}",)}) for name in ("image", "replicas")]
    found = replace(found, steps=tuple(placed), policies=(*advice, *others))
    made = Report(
        (build(found, "the base", settings, causes=causes),), commit="c0ffee", base="HEAD", base_commit="ba5e"
    )
    comment = markdown(made)
    for part in ("```mermaid", "<summary>Policies advise", "<summary>Which setting", "**What it does**", "```diff"):
        assert part in comment
    assert len(comment.splitlines()) < 60


def test_what_changes_alike_in_two_stacks_is_drawn_once() -> None:
    stacks = tuple(replace(build(scaled(), "its state", None), stack=name) for name in ("dev", "staging"))
    assert markdown(Report(stacks)).count("```mermaid") == 1


def test_noise_alone_is_not_drawn() -> None:
    steps = of_web_services({}, {}).steps
    place = ("metadata", "labels", "app.kubernetes.io/managed-by")
    noise = Difference(place, "a", "b")
    touched = (
        replace(s, operation=Operation.UPDATE, differences=(noise,)) if s.kind == "Deployment" else s for s in steps
    )
    stack = build(Change("dev", tuple(touched)), "its state", None)
    assert stack.components
    assert changed_picture(stack) is None


@pytest.mark.parametrize("limit", [65_400, 3_000])
def test_a_comment_that_is_short_of_room_goes_without(limit: int) -> None:
    services = with_services("dev", **{f"s{number}": PAY for number in range(30)})
    comment = markdown(Report((build(of_web_services({}, services), "its state", None),)), limit)
    assert len(comment) <= limit
    assert ("```mermaid" in comment) is (limit > 10_000)
    assert comment.count("\n```") % 2 == 0


def test_what_is_not_known_is_not_drawn() -> None:
    assert changed_picture(build(replace(scaled(), complete=False), "its state", None)) is None
