"""What is read from a stack's config, from this machine's files and from the models' defaults."""

import json
from pathlib import Path
from typing import Any

import pytest

from environment.settings import raw_config
from environment.settings.loading import parse_settings
from environment.settings.raw_config import RawConfig, read_raw_config
from environment.settings.report import SettingsError
from tests.unit.environment.changed_stack import SECRET, changed, lines_about, parse_config, report_of, with_service
from tests.unit.environment.stack_files import PASSWORD, as_engine_text
from tests.unit.harness.recording import run_recorded


def with_password_file(path: str) -> dict[str, Any]:
    return changed(redis_password="", redis_password_file=path)


def test_right_settings_raise_nothing() -> None:
    settings = parse_config(changed())
    assert settings.context == "kind-webtier"
    assert settings.services["user-v1"].ports["http"].port == 80
    assert settings.redis_password.get_secret_value() == PASSWORD


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert parse_config(changed(context="123")).context == "123"


def test_password_is_read_from_a_file_named_by_a_variable(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    settings = parse_config(with_password_file("$HERE/password"), HERE=str(tmp_path))
    assert settings.redis_password.get_secret_value() == PASSWORD


def test_unset_variable_says_what_to_do() -> None:
    text = report_of(with_password_file("${NOWHERE}/password"))
    assert "the environment variable NOWHERE is not set" in lines_about("redis_password_file", text)
    assert 'eval "$(make -s env)"' in text
    assert "webtier:redis_password\n" not in text
    assert "KUBE_NOWHERE" in lines_about("kubeconfig", report_of(changed(kubeconfig="$KUBE_NOWHERE")))


def test_unreadable_password_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    said = lines_about("redis_password_file", report_of(with_password_file(str(missing))))
    assert str(missing) in said
    assert "No such file" in said


def test_password_is_given_in_one_way_only(tmp_path: Path) -> None:
    text = report_of(changed(redis_password_file=str(tmp_path)))
    assert "'redis_password' is set too" in lines_about("redis_password_file", text)


def test_kubeconfig_is_expanded() -> None:
    assert parse_config(changed(kubeconfig="$PLACE/config"), PLACE="/state").kubeconfig == "/state/config"
    assert parse_config(changed(kubeconfig="~/config")).kubeconfig == str(Path.home() / "config")
    assert parse_config(changed()).kubeconfig == ""


def test_missing_kubeconfig_stops_a_deployment_but_no_preview(tmp_path: Path) -> None:
    raw = RawConfig(as_engine_text(changed(kubeconfig=str(tmp_path / "none"))), SECRET)
    assert parse_settings(raw, "dev", {}).kubeconfig
    with pytest.raises(SettingsError, match="there is no such file"):
        parse_settings(raw, "dev", {}, deploying=True)


def test_group_given_in_part_keeps_its_other_defaults() -> None:
    service = parse_config(
        with_service(resources={"limits": {"memory": "1Gi"}}, probes={"startup": {"period_seconds": 9}})
    ).services["user-v1"]
    assert service.resources.requests.as_mapping() == {"cpu": "10m", "memory": "32Mi"}
    assert service.resources.limits.as_mapping() == {"memory": "1Gi"}
    assert service.probes.startup is not None
    assert (service.probes.startup.period_seconds, service.probes.startup.failure_threshold) == (9, 12)
    assert service.probes.liveness is not None


def test_group_of_another_kind_than_the_defaults_is_taken_as_it_is() -> None:
    nfs = {"kind": "nfs", "server": "files.example.com", "path": "/redis"}
    redis = parse_config(changed(redis={"shards": 4, "storage": nfs})).redis
    assert redis is not None
    assert redis.storage.model_dump(exclude_none=True) == {**nfs, "size": "1Gi"}


def test_null_takes_a_default_away() -> None:
    service = parse_config(with_service(resources={"limits": {"memory": None}})).services["user-v1"]
    assert service.resources.limits.as_mapping() == {}


def test_raw_config_has_every_key_of_the_namespace_and_says_which_are_secret() -> None:
    seen: list[RawConfig] = []
    run_recorded(
        lambda: seen.append(read_raw_config()),
        config={"webtier:redis": '{"shards":3}', "webtier:typo": "x", "other:key": "y", "webtier:redis_password": "z"},
        secret_config=["webtier:redis_password"],
    )
    assert seen == [
        RawConfig({"redis": '{"shards":3}', "typo": "x", "redis_password": "z"}, frozenset({"redis_password"}))
    ]


def test_raw_config_is_also_read_from_the_environment_as_the_official_host_sets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"webtier:context": "kind", "webtier:redis_password": "z"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["webtier:redis_password"]))
    raw = raw_config.read_raw_config()
    assert raw.values["context"] == "kind"
    assert "redis_password" in raw.secret_keys
