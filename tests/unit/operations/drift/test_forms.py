"""The report of drift, word by word."""

from pathlib import Path

from operations.drift.comparison import Consequence, Happened
from operations.drift.document import DriftReport, FieldDrift, ForeignObject, ObjectDrift, StackDrift, WhoWrote, as_json
from operations.drift.forms import markdown, terminal


def by(manager: str, *, subresource: str = "", time: str = "2026-11-25T19:40:12Z") -> list[WhoWrote]:
    return [WhoWrote(manager=manager, operation="Update", subresource=subresource, time=time)]


def changed(kind: str, name: str, *fields: FieldDrift) -> ObjectDrift:
    return ObjectDrift(
        kind=kind,
        place=f"webtier/{name}",
        urn=f"urn:{name}",
        happened=Happened.CHANGED,
        consequence=None,
        by=[],
        fields=[*fields],
    )


PAGE = "data.index"
DRIFTED = StackDrift(
    stack="prod",
    looked_at=76,
    objects=[
        changed(
            "ConfigMap",
            "page",
            FieldDrift(
                path=PAGE, old="a\nb\nc\n", new="a\n@c\n", by=by("kubectl-edit"), consequence=Consequence.PUT_BACK
            ),
        ),
        ObjectDrift(
            kind="ConfigMap",
            place="webtier/gone",
            urn="urn:gone",
            happened=Happened.GONE,
            consequence=Consequence.CREATE,
            by=[],
            fields=[],
        ),
        changed(
            "Deployment",
            "web",
            FieldDrift(path="metadata.labels.hand", new="yes", by=by("dashboard"), consequence=Consequence.KEEP),
            FieldDrift(
                path="spec.replicas",
                old=2,
                new=5,
                by=by("kubectl", subresource="scale", time=""),
                consequence=Consequence.CONFLICT,
            ),
            FieldDrift(path="spec.paused", old=True, by=[], consequence=Consequence.PUT_BACK),
            FieldDrift(
                path='spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]',
                new="2026-11-25T19:40:12Z",
                by=by("kubectl-rollout"),
                consequence=Consequence.REMOVE,
            ),
        ),
        changed(
            "Secret",
            "auth",
            FieldDrift(
                path="data.password",
                old="(a secret)",
                new="(a secret)",
                by=by("kubectl-patch"),
                consequence=Consequence.PUT_BACK,
            ),
        ),
    ],
    foreign=[
        ForeignObject(kind="Ingress", place="webtier/other", made="2026-11-24T08:00:00Z", by=by("kubectl-create"))
    ],
    not_read=["Role"],
)
REPORT = DriftReport(stacks=[StackDrift(stack="dev", looked_at=70), DRIFTED], time="2026-11-26T03:41:00+00:00")


def test_the_short_form_says_what_by_whom_and_what_follows() -> None:
    assert terminal(REPORT) == (Path(__file__).parent / "terminal.txt").read_text()


def test_the_same_report_gives_the_same_text_and_is_read_as_it_was_written() -> None:
    again = DriftReport.model_validate_json(as_json(REPORT))
    assert (as_json(again), terminal(again), markdown(again, 9000)) == (
        as_json(REPORT),
        terminal(REPORT),
        markdown(REPORT, 9000),
    )


def test_nothing_in_it_ends_the_block_that_it_stands_in() -> None:
    odd = FieldDrift(path=PAGE, new="~~~~\n# @everybody\n", by=by("kubectl-edit"), consequence=Consequence.KEEP)
    lines = markdown(DriftReport(stacks=[StackDrift(stack="dev", objects=[changed("ConfigMap", "page", odd)])]), 9000)
    fences = [line for line in lines.splitlines() if line.startswith("~~~~~")]
    assert fences == ["~~~~~text", "~~~~~"]


def test_what_is_too_long_loses_fields_and_then_objects_and_counts_them() -> None:
    many = [DRIFTED.objects[2].model_copy(update={"place": f"webtier/{number}"}) for number in range(300)]
    report = DriftReport(stacks=[StackDrift(stack="prod", objects=many)])
    shown = markdown(report, 20_000)
    assert len(shown) <= 20_000
    assert "Deployment webtier/49" in shown
    assert "… 4 more fields" in shown
    assert "… 250 more objects" in shown
    assert len(markdown(report, 1_200)) <= 1_200
