"""What the pipelines must keep to: who holds what, and what is deployed in which order."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.unit.pipelines.steps import GITLAB_FILES, WORKFLOWS

DEPLOYED = ["dev", "staging", "prod"]


def read(file: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(file.read_text()))


JOBS = {
    f"{file.stem}/{name}": cast("dict[str, Any]", job)
    for file in sorted(WORKFLOWS.glob("*.yaml"))
    for name, job in read(file)["jobs"].items()
}
GITLAB, CHILD = map(read, GITLAB_FILES)


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    return job.get("steps", [])


def triggers(file: Path) -> dict[str, Any]:
    # YAML reads `on` as true.
    return cast("dict[Any, Any]", read(file))[True]


def test_a_secret_is_read_only_where_an_environment_guards_it() -> None:
    assert {name for name, job in JOBS.items() if "secrets." in str(job)} == {
        "deploy/deploy",
        "drift/compare",
        "preview-stack/preview",
    }
    assert JOBS["drift/compare"]["environment"] == "${{ matrix.stack }}-read"
    assert JOBS["deploy/deploy"]["environment"] == "${{ matrix.stack }}"
    assert JOBS["preview-stack/preview"]["environment"]["name"] == "preview-${{ inputs.stack }}"
    assert [name for name, job in JOBS.items() if job.get("secrets")] == ["preview/stack"]


def test_what_runs_a_pull_requests_code_may_write_nothing() -> None:
    # The others run the code of main.
    started = {file.stem for file in WORKFLOWS.glob("*.yaml") if {"pull_request", "workflow_call"} & {*triggers(file)}}
    assert started == {"comment", "preview", "preview-stack", "tests"}
    for name, job in JOBS.items():
        if name.split("/")[0] in started and any("make " in step.get("run", "") for step in steps(job)):
            assert {value for key, value in job["permissions"].items() if key != "id-token"} == {"read"}, name
    assert JOBS["preview/preview"]["permissions"] == {"contents": "read"}


def test_what_may_write_runs_the_code_of_the_base() -> None:
    writing = [name for name, job in JOBS.items() if job["permissions"].get("pull-requests") == "write" and steps(job)]
    assert writing == ["comment/comment"]
    checkout = steps(JOBS["comment/comment"])[0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert JOBS["comment/comment"]["concurrency"]["queue"] == "max"


@pytest.mark.parametrize("file", sorted(WORKFLOWS.glob("*.yaml")), ids=lambda file: file.stem)
def test_no_workflow_has_rights_by_default_and_no_checkout_leaves_its_token(file: Path) -> None:
    assert read(file)["permissions"] == {}
    for job in read(file)["jobs"].values():
        for step in steps(job):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_no_workflow_runs_with_rights_because_of_a_fork() -> None:
    for file in WORKFLOWS.glob("*.yaml"):
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & {*triggers(file)}, file.name


@pytest.mark.parametrize("job", ["comment", "stack"])
def test_a_forks_pull_request_gets_the_preview_without_credentials_alone(job: str) -> None:
    same_repository = "github.event.pull_request.head.repo.full_name == github.repository"
    assert same_repository in JOBS[f"preview/{job}"]["if"]
    assert "if" not in JOBS["preview/preview"]


@pytest.mark.parametrize("job", ["preview/comment", "preview-stack/comment"])
def test_the_comment_follows_a_preview_that_failed(job: str) -> None:
    assert "!cancelled()" in JOBS[job]["if"]
    assert JOBS[job]["needs"] == "preview"


def test_each_merge_is_tested_and_deployed_to_one_stack_after_another() -> None:
    deploy = JOBS["deploy/deploy"]
    assert deploy["needs"] == ["tests", "approved"]
    assert JOBS["deploy/tests"]["uses"] == "./.github/workflows/tests.yaml"
    assert deploy["strategy"] == {"max-parallel": 1, "fail-fast": True, "matrix": {"stack": DEPLOYED}}
    # The commit of the merge itself, and none of the merges is left out.
    assert "ref" not in steps(deploy)[0]["with"]
    assert read(WORKFLOWS / "deploy.yaml")["concurrency"] == {"group": "deploy", "queue": "max"}


def test_what_was_reviewed_is_found_by_a_job_that_may_only_read() -> None:
    job = JOBS["deploy/approved"]
    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "read"}
    assert not {"environment", "needs", "if"} & {*job}
    assert "ref" not in steps(job)[0]["with"]
    assert not any("make " in step.get("run", "") for step in steps(job))
    gitlab = GITLAB["approved"]
    assert gitlab["environment"] == {"name": "approved", "action": "access"}
    assert gitlab["rules"] == GITLAB[".deploy"]["rules"]


def test_a_deployment_gets_the_report_unless_it_is_told_that_there_is_none() -> None:
    said = "needs.approved.outputs.unreviewed"
    fetched, deployed = steps(JOBS["deploy/deploy"])[-2:]
    kept = steps(JOBS["deploy/approved"])[-1]
    assert fetched["if"] == f"{said} != 'yes'"
    assert (fetched["with"]["name"], fetched["with"]["path"]) == (kept["with"]["name"], "build/approved")
    assert deployed["env"]["APPROVED"] == kept["with"]["path"] == "build/approved/report.json"
    # Missing and not told: this names a file that is not there, and `make deploy` refuses it.
    assert deployed["env"]["UNREVIEWED"] == f"${{{{ {said} }}}}"
    assert GITLAB["approved"]["artifacts"]["paths"] == [deployed["env"]["APPROVED"]]


def test_gitlab_deploys_in_the_same_way() -> None:
    needs = [GITLAB[f"deploy:{stack}"]["needs"] for stack in DEPLOYED]
    assert needs == [["lint", "unit", "approved"], ["deploy:dev", "approved"], ["deploy:staging", "approved"]]
    assert [GITLAB[f"deploy:{stack}"]["variables"]["STACK"] for stack in DEPLOYED] == DEPLOYED
    assert "merge_request" not in str(GITLAB[".deploy"]["rules"])
    assert GITLAB[".deploy"]["interruptible"] is False
    assert GITLAB["workflow"]["rules"][1]["auto_cancel"] == {"on_new_commit": "none"}


def test_gitlab_gives_a_merge_requests_code_nothing_of_a_deployments() -> None:
    assert "environment" not in GITLAB["preview"]
    assert CHILD["preview"]["environment"]["name"] == "preview/$STACK"
    for comment in (GITLAB["comment"], CHILD["comment"]):
        assert comment["environment"]["name"] == "comment"
        assert comment["script"][0] == 'git checkout --quiet --detach "$BASE"'
        assert comment["rules"][0]["when"] == "always"
    assert GITLAB["preview:prod"]["rules"][0]["when"] == "manual"
