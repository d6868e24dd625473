"""Every shell step of GitHub's workflows and of GitLab's pipeline, with stubs for what is tested elsewhere."""

from pathlib import Path

import pytest

from tests.unit.operations.github.api_server import REPOSITORY, running_api
from tests.unit.operations.github.api_server import TOKEN as GITHUB_TOKEN
from tests.unit.operations.gitlab.api_server import PROJECT_ID, running_notes_api
from tests.unit.operations.gitlab.api_server import TOKEN as GITLAB_TOKEN
from tests.unit.operations.preview.approved.reports import CHECKED_OUT, COMMIT, HEAD
from tests.unit.operations.preview.approved.reports import report as report_of
from tests.unit.pipelines.steps import Machine, github_steps, gitlab_steps

GITHUB = github_steps()
GITLAB = gitlab_steps()
PARTS_EXPRESSION = "join(fromJSON(vars.PREVIEW_STACKS || '[]'), ',')"
RUN_URL = "https://ci.example.com/shop/tier/actions/runs/900"
GIVEN = {
    "github.server_url": "https://ci.example.com",
    "github.repository": "shop/tier",
    "github.run_id": "900",
    "github.run_number": "57",
    "github.run_attempt": "1",
    "github.token": GITHUB_TOKEN,
    "github.sha": COMMIT,
    "github.event.pull_request.base.sha": "ba5e",
    "github.event.pull_request.number": "7",
    PARTS_EXPRESSION: "dev,prod",
    "inputs.stack": "prod",
    "matrix.stack": "prod",
    "matrix.part": "faults-1",
    "matrix.run": "make faults",
    "matrix.shard": "1",
    "secrets.KUBECONFIG": "a kubeconfig",
    "secrets.PULUMI_BACKEND_URL": "s3://states",
    "secrets.PULUMI_ACCESS_TOKEN": "",
    "secrets.PULUMI_CONFIG_PASSPHRASE": "open sesame",
    "vars.AWS_ROLE_ARN": "arn:aws:iam::1:role/reads-states",
    "vars.AWS_REGION": "eu-central-1",
    "vars.AZURE_CLIENT_ID": "",
    "vars.AZURE_TENANT_ID": "",
    "vars.IDENTITY_AUDIENCE": "sts.amazonaws.com",
    "vars.DEPLOY_UNREVIEWED": "",
    "vars.DRIFT_IGNORE": "rancher",
    "needs.approved.outputs.unreviewed": "",
}
"""The value of each expression of the workflows."""
OF_GITLAB = {
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "ba5e",
    "CI_COMMIT_SHA": COMMIT,
    "CI_PIPELINE_IID": "57",
    "CI_PIPELINE_URL": RUN_URL,
    "PREVIEW_STACKS": "dev,prod",
    "GITLAB_CI": "true",
}
OF_CHILD = {"STACK": "prod", "BASE": "ba5e", "PULL_REQUEST": "7", "NUMBER": "57", "PARTS": "diff,prod", **OF_GITLAB}
"""What the job that starts the pipeline of a stack hands over, besides."""

REVIEWED = "APPROVED=build/approved/report.json UNREVIEWED="
PREVIEW_ALL = "make preview STACK=dev,staging,prod BASE=ba5e"
CALLS = {
    "preview/preview/Preview": [PREVIEW_ALL],
    "preview/preview/Show it in the summary": [],
    "preview-stack/preview/Say so where there is no report": [],
    "drift/issue/Open, edit or close the issue": ["make drift-issue STACK=dev,staging,prod"],
    "tests/unit/make lint": ["make lint"],
    "tests/unit/make unit": ["make unit"],
    "nightly/part/Make room": [
        "sudo rm -rf /usr/local/lib/android /usr/share/dotnet /opt/ghc /opt/hostedtoolcache/CodeQL"
    ],
    "gitlab-ci/lint/before_script": [
        "apt-get update -q",
        "apt-get install -y -q --no-install-recommends make python3 python3-venv",
    ],
    "gitlab-ci/lint/script": ["make lint"],
    "gitlab-ci/unit/script": ["make unit"],
    "gitlab-ci/preview/script": [PREVIEW_ALL],
    "gitlab-ci/preview/after_script": [],
    "gitlab-ci/deploy:dev/script": [f"make deploy STACK=dev {REVIEWED}"],
    "gitlab-ci/deploy:staging/script": [f"make deploy STACK=staging {REVIEWED}"],
    "gitlab-ci/deploy:prod/script": [f"make deploy STACK=prod {REVIEWED}"],
    "preview-stack/preview/script": ["make preview STACK=prod BASE=ba5e"],
    "preview-stack/preview/after_script": [],
}
"""Which commands a step runs that does little else."""
OF_THEIR_OWN = {
    "preview-stack/preview/Preview",
    "deploy/deploy/Deploy",
    "deploy/approved/Find the report",
    "drift/compare/Compare",
    "gitlab-ci/approved/script",
    "comment/comment/Write or edit the comment",
    "gitlab-ci/comment/script",
    "preview-stack/comment/script",
    "nightly/part/The tier on the embedded cluster",
    "nightly/part/${{ matrix.part }}",
    "nightly/part/What runs",
    "nightly/part/Let the next step read what root has written",
}
"""Those with a test of their own below."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.prepare()
    return made


def given_for(place: str) -> dict[str, str]:
    if place.startswith("gitlab-ci/"):
        return OF_GITLAB
    return OF_CHILD if place in GITLAB else GIVEN


def report(machine: Machine, *, name: str = "build/preview") -> Path:
    """A report, as a preview leaves it there."""
    file = machine.work / name / "report.md"
    file.parent.mkdir(parents=True)
    file.write_text("## Preview: review\n")
    return file


def test_every_step_is_run_by_a_test() -> None:
    assert {*GITHUB, *GITLAB} == {*CALLS, *OF_THEIR_OWN}
    assert {*GITHUB} & {*GITLAB} == set()


@pytest.mark.parametrize("place", CALLS)
def test_a_step_runs_its_commands(machine: Machine, place: str) -> None:
    report(machine)
    done = machine.run({**GITHUB, **GITLAB}[place], given_for(place))
    assert done.returncode == 0, done.stderr
    assert machine.calls() == CALLS[place]


@pytest.mark.parametrize("place", [place for place, calls in CALLS.items() if any("make " in each for each in calls)])
def test_a_command_that_fails_fails_its_step(tmp_path: Path, place: str) -> None:
    machine = Machine(tmp_path, make_ends=2)
    machine.prepare()
    assert (machine.run({**GITHUB, **GITLAB}[place], given_for(place)).returncode == 0) == (
        # Only `apt-get install make` is in this list without calling it.
        place == "gitlab-ci/lint/before_script"
    )


@pytest.mark.parametrize("place", ["preview/preview/Preview", "gitlab-ci/preview/script"])
def test_the_preview_of_all_stacks_holds_nothing(machine: Machine, place: str) -> None:
    assert machine.run({**GITHUB, **GITLAB}[place], given_for(place)).returncode == 0
    assert {*machine.variables()} == {"STACK", "BASE"}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("preview-stack/preview/Preview", "make preview STACK=prod BASE=ba5e"),
        ("deploy/deploy/Deploy", f"make deploy STACK=prod {REVIEWED}"),
    ],
)
def test_a_stack_gets_its_own_credentials_and_leaves_none(machine: Machine, place: str, words: str) -> None:
    runner = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example.com", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hush"}
    done = machine.run(GITHUB[place], {**GIVEN, **runner})
    assert done.returncode == 0, done.stderr
    curl, called = machine.calls()
    assert called == words
    assert "audience=sts.amazonaws.com https://token.example.com" in curl
    assert "hush" not in curl
    assert 'header = "Authorization: Bearer hush"' in machine.variables(0)["stdin"]
    seen = machine.variables(1)
    token = "a-token-of-the-job"
    assert (seen.pop("AWS_WEB_IDENTITY_TOKEN_FILE"), seen.pop("AZURE_FEDERATED_TOKEN_FILE")) == (token, token)
    seen.pop("BASE", None)
    assert seen == {
        "STACK": "prod",
        "KUBECONFIG": "a kubeconfig",
        "PULUMI_BACKEND_URL": "s3://states",
        "PULUMI_CONFIG_PASSPHRASE": "open sesame",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/reads-states",
        "AWS_REGION": "eu-central-1",
        "IDENTITY_AUDIENCE": "sts.amazonaws.com",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example.com",
    }
    assert list((machine.folder / "home").iterdir()) == []


@pytest.mark.parametrize(
    "place", ["preview-stack/preview/Preview", "deploy/deploy/Deploy", "gitlab-ci/deploy:prod/script"]
)
def test_what_fails_with_credentials_leaves_none_either(tmp_path: Path, place: str) -> None:
    machine = Machine(tmp_path, make_ends=2)
    machine.prepare()
    given = {**given_for(place), "KUBECONFIG_CONTENT": "a kubeconfig"}
    assert machine.run({**GITHUB, **GITLAB}[place], given).returncode == 2
    assert machine.variables(-1)["KUBECONFIG"] == "a kubeconfig"
    assert list((machine.folder / "home").iterdir()) == []


@pytest.mark.parametrize("place", ["gitlab-ci/deploy:prod/script", "preview-stack/preview/script"])
def test_gitlab_gives_the_token_itself(machine: Machine, place: str) -> None:
    given = {"IDENTITY_TOKEN": "of-gitlab", "KUBECONFIG_CONTENT": "a kubeconfig", "PULUMI_BACKEND_URL": "s3://states"}
    assert machine.run(GITLAB[place], {**given_for(place), **given}).returncode == 0
    seen = machine.variables()
    assert (seen["AWS_WEB_IDENTITY_TOKEN_FILE"], seen["KUBECONFIG"]) == ("of-gitlab", "a kubeconfig")
    assert "IDENTITY_TOKEN" not in seen
    assert "KUBECONFIG_CONTENT" not in seen


def test_what_an_environment_does_not_have_is_not_set(machine: Machine) -> None:
    nothing = {name: "" if name.startswith(("secrets.", "vars.")) else value for name, value in GIVEN.items()}
    assert machine.run(GITHUB["preview-stack/preview/Preview"], nothing).returncode == 0
    # A backend that is set and empty would be one.
    assert {name for name, value in machine.variables().items() if value} == {"STACK", "BASE"}
    assert "PULUMI_BACKEND_URL" not in machine.variables()


def test_the_comment_is_written_and_edited_on_github(machine: Machine) -> None:
    report(machine, name="build/reports/preview-diff")
    step = GITHUB["comment/comment/Write or edit the comment"]
    with running_api() as api:
        own = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": REPOSITORY}
        done = machine.run(step, {**GIVEN, **own})
        assert done.returncode == 0, done.stderr
        assert machine.run(step, {**GIVEN, **own, "github.run_number": "58"}).returncode == 0
        [comment] = api.comments.values()
    assert comment["issue"] == 7
    assert comment["body"].startswith("<!-- webtier preview of run 58.1 -->\n# Preview: review")
    assert f"[The run]({RUN_URL})" in comment["body"]
    assert "without a report: dev, prod" in comment["body"]


@pytest.mark.parametrize(
    ("place", "part"), [("gitlab-ci/comment/script", "diff"), ("preview-stack/comment/script", "prod")]
)
def test_the_comment_is_written_and_edited_on_gitlab(machine: Machine, place: str, part: str) -> None:
    report(machine, name=f"build/reports/preview-{part}")
    with running_notes_api() as api:
        own = {"CI_API_V4_URL": api.url, "CI_PROJECT_ID": PROJECT_ID, "GITLAB_TOKEN": GITLAB_TOKEN}
        for _ in range(2):
            done = machine.run(GITLAB[place], {**given_for(place), **own, "WEBTIER_RUN": RUN_URL})
            assert done.returncode == 0, done.stderr
        [note] = api.notes.values()
    assert note["merge_request"] == 7
    assert f"<!-- webtier part {part} -->" in note["body"]
    # It is the code of the base that has the token.
    assert machine.calls() == ["git checkout --quiet --detach ba5e"] * 2


@pytest.mark.parametrize("told", ["", "yes"])
def test_github_finds_what_was_reviewed(machine: Machine, told: str) -> None:
    step, output = GITHUB["deploy/approved/Find the report"], machine.folder / "output"
    with running_api() as api:
        api.storage = api.url
        own = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": REPOSITORY, "vars.DEPLOY_UNREVIEWED": told}
        assert (machine.run(step, {**GIVEN, **own}).returncode == 0) == bool(told)
        assert (output.read_text() if output.exists() else "") == ("unreviewed=yes\n" if told else "")
        output.unlink(missing_ok=True)
        api.merge(COMMIT, HEAD)
        assert machine.run(step, {**GIVEN, **own}).returncode == 1
        api.add_run(HEAD, {"preview-diff": {"report.json": report_of("dev")}})
        done = machine.run(step, {**GIVEN, **own})
    assert done.returncode == 0, done.stderr
    assert (machine.work / "build/approved/report.json").exists()
    assert not output.exists()


@pytest.mark.parametrize("told", ["", "yes"])
def test_gitlab_finds_what_was_reviewed(machine: Machine, told: str) -> None:
    step, output = GITLAB["gitlab-ci/approved/script"], machine.work / "build/approved/unreviewed.env"
    with running_notes_api() as api:
        own = {"CI_API_V4_URL": api.url, "CI_PROJECT_ID": PROJECT_ID, "GITLAB_TOKEN": GITLAB_TOKEN}
        given = {**OF_GITLAB, **own, "DEPLOY_UNREVIEWED": told}
        assert (machine.run(step, given).returncode == 0) == bool(told)
        assert (output.read_text() if output.exists() else "") == ("UNREVIEWED=yes\n" if told else "")
        output.unlink(missing_ok=True)
        api.merge(COMMIT, CHECKED_OUT)
        assert machine.run(step, given).returncode == 1
        api.add_job(67, {"build/reports/preview-diff/report.json": report_of("dev")})
        done = machine.run(step, given)
    assert done.returncode == 0, done.stderr
    assert (machine.work / "build/approved/report.json").exists()
    assert not output.exists()


@pytest.mark.parametrize("place", ["deploy/deploy/Deploy", "gitlab-ci/deploy:prod/script"])
def test_what_nobody_has_reviewed_is_deployed_where_the_job_before_it_says_so(machine: Machine, place: str) -> None:
    given = {
        **given_for(place),
        "UNREVIEWED": "yes",
        "needs.approved.outputs.unreviewed": "yes",
        "vars.IDENTITY_AUDIENCE": "",
    }
    assert machine.run({**GITHUB, **GITLAB}[place], given).returncode == 0
    assert machine.calls() == [f"make deploy STACK=prod {REVIEWED}yes"]


@pytest.mark.parametrize(("make_ends", "has_report", "ends"), [(0, True, 0), (3, True, 0), (1, False, 1)])
def test_drift_is_shown_and_fails_where_it_is_not_known(
    tmp_path: Path, make_ends: int, has_report: bool, ends: int
) -> None:
    machine = Machine(tmp_path, make_ends=make_ends)
    machine.prepare()
    if has_report:
        shown = report(machine, name="build/drift")
        shown.with_suffix(".json").touch()
    assert machine.run(GITHUB["drift/compare/Compare"], GIVEN).returncode == ends
    assert machine.calls() == ["make drift STACK=prod"]
    seen = machine.variables()
    # It can read, and decrypts nothing.
    assert seen == {"STACK": "prod", "KUBECONFIG": "a kubeconfig", "PULUMI_BACKEND_URL": "s3://states"}
    assert (machine.folder / "summary").exists() == has_report
    assert list((machine.folder / "home").iterdir()) == []


def test_the_summary_has_the_report(machine: Machine) -> None:
    step = GITHUB["preview/preview/Show it in the summary"]
    assert machine.run(step, GIVEN).returncode == 0
    text = report(machine).read_text()
    assert machine.run(step, GIVEN).returncode == 0
    assert (machine.folder / "summary").read_text() == text


def test_a_preview_that_ended_without_a_report_leaves_one_that_says_so(machine: Machine) -> None:
    written = machine.work / "build" / "preview" / "report.md"
    step = GITHUB["preview-stack/preview/Say so where there is no report"]
    assert machine.run(step, GIVEN).returncode == 0
    assert written.read_text() == "## Preview: failed, without a report for prod\n"
    written.write_text("## Preview: safe\n")
    assert machine.run(step, GIVEN).returncode == 0
    assert written.read_text() == "## Preview: safe\n"


@pytest.mark.parametrize("has_report", [True, False])
def test_gitlab_keeps_the_reports_of_a_stack_and_no_log(machine: Machine, has_report: bool) -> None:
    if has_report:
        (report(machine).parent / "logs").mkdir()
    assert machine.run(GITLAB["preview-stack/preview/after_script"], OF_CHILD).returncode == 0
    kept = machine.work / "build" / "reports" / "preview-prod"
    assert [file.name for file in kept.iterdir()] == ["report.md"]
    assert (
        kept.joinpath("report.md").read_text().startswith("## Preview: review" if has_report else "## Preview: failed")
    )


@pytest.mark.parametrize(
    ("shard", "run", "faults"), [("", "make test", 0), ("0", "make faults", 2), ("1", "make faults", 2)]
)
def test_the_nightly_parts(machine: Machine, shard: str, run: str, faults: int) -> None:
    given = {**GIVEN, "matrix.shard": shard, "matrix.run": run}
    done = machine.run(GITHUB["nightly/part/${{ matrix.part }}"], given)
    assert done.returncode == 0, done.stderr
    assert machine.calls()[-1] == run
    assert len(machine.variables(-1)["FAULT"].split(",")) >= faults


@pytest.mark.parametrize(
    ("place", "called"),
    [
        ("nightly/part/The tier on the embedded cluster", "make up"),
        ("nightly/part/What runs", "make status"),
        ("nightly/part/Let the next step read what root has written", "chown"),
    ],
)
def test_what_runs_as_root(machine: Machine, place: str, called: str) -> None:
    (machine.work / "build").mkdir()
    done = machine.run(GITHUB[place], GIVEN)
    assert done.returncode == 0, done.stderr
    assert any(each.startswith((called, f"sudo {called}")) for each in machine.calls())
