"""`make config`: every setting with where it comes from, and how those of two stacks differ."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from command_line.errors import UserError
from environment.settings.raw_config import RawConfig
from operations.config import __main__ as command
from operations.config.comparison import Comparison, compare
from operations.config.effective import Effective, Origin, effective, keys_in
from operations.config.tables import all_settings, differences
from operations.scratch_stack import PLACEHOLDER
from tests.unit.environment.stack_files import PROJECT, STACKS, as_engine_text, project_config

SERVICE = {"image": "registry.example.com/user:1"}
NEEDED = {"context": "kind", "default_backend": "user-v1", "services": {"user-v1": SERVICE}}


def read(written: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> Effective:
    """The settings of a file with these keys, which the engine hands over with what Pulumi.yaml declares."""
    declared = {key: declaration["default"] for key, declaration in project_config().items()}
    content = yaml.safe_dump({"config": {f"webtier:{key}": value for key, value in written.items()}})
    return effective(RawConfig(as_engine_text({**declared, **written}), secrets), content.encode(), "dev")


def found(written: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> dict[str, tuple[str, str]]:
    return {setting.key: (setting.text, setting.origin) for setting in read({**NEEDED, **written}, secrets).settings}


def compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> Comparison:
    return compare(read({**NEEDED, **one}).settings, read({**NEEDED, **other}).settings)


def pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    sides = [(pair.key, pair.one, pair.other) for pair in compared(one, other).pairs]
    return {key: (first and first.text, second and second.text) for key, first, second in sides}


def test_each_setting_says_where_it_comes_from() -> None:
    settings = found({"redis": {"shards": 5, "conf": {"save": []}}, "namespace": "webtier"})
    assert settings["redis.shards"] == ("5", "file")
    assert settings["redis.replicas_per_shard"] == ("1", "default")
    assert settings["redis.conf.save"] == ("[]", "file")
    assert settings["redis.conf.appendonly"] == ("true", "default")
    # The engine can't tell it from the default that Pulumi.yaml declares.
    assert settings["namespace"] == ("webtier", "file")
    assert settings["node_address"] == ('""', "default")
    assert found({})["namespace"] == ("webtier", "default")


def test_short_forms_and_old_names_are_told_by_their_full_and_new_ones() -> None:
    rules = [{"path": "/user", "backend": "user-v1", "rewrite": "strip_prefix"}]
    settings = found({"routes": rules, "redis": {"anti_affinity": "hard", "formation_seconds": 300}})
    assert settings["routes[0].backend.service"] == ("user-v1", "file")
    assert settings["routes[0].backend.port"] == ("null", "default")
    assert settings["routes[0].rewrite.kind"] == ("strip_prefix", "file")
    assert settings["redis.anti_affinity"] == ("required", "file")
    assert settings["redis.ready_timeout_seconds"] == ("300", "file")
    text = all_settings(read({**NEEDED, "redis": {"formation_seconds": 300}}), "dev")
    assert "webtier:redis.formation_seconds is called 'ready_timeout_seconds' now" in text


def test_a_rule_with_a_replacement_has_the_key_of_the_file() -> None:
    rule = {"path": "/user", "backend": "user-v1", "rewrite": {"kind": "replace_prefix", "with": "/u"}}
    assert found({"routes": [rule]})["routes[0].rewrite.with"] == ("/u", "file")


def test_secrets_are_named_and_never_shown() -> None:
    services = {"user-v1": {**SERVICE, "env": {"TOKEN": PLACEHOLDER, "URL": f"http://u:{PLACEHOLDER}@x"}}}
    secrets = frozenset({"redis_password", "services"})
    settings = found({"redis_password": PLACEHOLDER, "services": services}, secrets)
    hidden = ("(a secret)", "secret")
    assert settings["redis_password"] == hidden
    assert settings["services.user-v1.env.TOKEN"] == hidden
    assert settings["services.user-v1.env.URL"] == hidden
    assert settings["services.user-v1.image"] == (SERVICE["image"], "file")
    assert PLACEHOLDER not in str(settings)


def test_a_password_of_elsewhere_is_said_to_be_so() -> None:
    assert found({})["redis_password"][1] == "nowhere"
    settings = found({"redis_password_file": "$HERE/password", "kubeconfig": "$HERE/config"})
    assert settings["redis_password"] == ("(what redis_password_file has)", "secret")
    # As they are written: this machine may have neither the variable nor the file.
    assert settings["redis_password_file"] == ("$HERE/password", "file")
    assert settings["kubeconfig"] == ("$HERE/config", "file")


def test_names_that_need_it_are_quoted_as_pulumi_takes_them() -> None:
    services = {"user-v1": {**SERVICE, "files": {"/srv/a.txt": "one\ntwo"}}}
    assert found({"services": services})['services.user-v1.files["/srv/a.txt"]'] == ('"one\\ntwo"', "file")


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_is_told_in_a_table(stack: str) -> None:
    content = (PROJECT / f"Pulumi.{stack}.yaml").read_bytes()
    declared = {key: declaration["default"] for key, declaration in project_config().items()}
    written = yaml.safe_load(content)["config"]
    values = {**declared, **{key.removeprefix("webtier:"): value for key, value in written.items()}}
    told = effective(RawConfig(as_engine_text(values), frozenset()), content, stack)
    lines = all_settings(told, stack).splitlines()
    assert lines[2].split() == ["key", "from", "value"]
    assert len(lines) == 3 + len(told.settings)
    assert {each.place for each in told.settings if each.place[0] == "routes"}
    # Each value in the file is one that is told to be of the file.
    of_file = {each.place[0] for each in told.settings if each.origin is Origin.FILE}
    assert of_file == keys_in(content)


def test_wrong_settings_end_in_the_usual_report() -> None:
    with pytest.raises(UserError, match="1 setting is wrong in the stack 'dev'; nothing was changed") as caught:
        read({**NEEDED, "redis": {"shard": 3}})
    assert "did you mean 'shards'?" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"config:\n  webtier:context: a\n  namespace: b\n",
        b"\xef\xbb\xbfconfig: {'webtier:context': !own a, namespace: b}\n---\nconfig: {redis: {}}\n",
        b"x: &x {namespace: b}\nconfig:\n  <<: *x\n  webtier:context: a\n",
        b"x: &x {namespace: b}\ny: &y {context: a}\nconfig:\n  <<: [*x, *y]\n",
    ],
)
def test_keys_are_read_however_they_are_written(content: bytes) -> None:
    assert keys_in(content) == {"context", "namespace"}


def test_a_file_without_settings_has_no_keys() -> None:
    assert keys_in(b"") == keys_in(b"encryptionsalt: v1:a\n") == frozenset()


def test_only_what_differs_is_told_with_both_sides() -> None:
    one, other = {"redis": {"shards": 5}, "protect": False}, {"redis": {"shards": 3, "replicas_per_shard": 1}}
    text = differences(compared(one, other), "prod", "staging")
    assert text.splitlines()[0].startswith("How the settings of 'prod' and 'staging' differ: 1 does, ")
    assert text.splitlines()[2:] == ["key           prod      staging", "redis.shards  5 (file)  3 (file)"]


def test_stacks_that_are_alike_say_so() -> None:
    assert pairs({"namespace": "webtier"}, {}) == {}
    assert "differ: 0 do, " in differences(compared({}, {}), "a", "b")


def test_rules_are_compared_by_what_they_are_for() -> None:
    user, pay = {"path": "/user", "backend": "user-v1"}, {"path": "/pay", "backend": "user-v1", "host": "x.example"}
    other_pay = {**pay, "rewrite": "strip_prefix"}
    assert pairs({"routes": [user, pay]}, {"routes": [pay, user]}) == {}
    assert pairs({"routes": [user, pay]}, {"routes": [other_pay, user]}) == {
        "routes[x.example /pay].rewrite.kind": (None, "strip_prefix")
    }
    assert pairs({"routes": [user]}, {"routes": [{**user, "match": "exact"}]}) == {
        "routes[/user].match": ("prefix", "exact")
    }
    assert set(pairs({"routes": [user]}, {"routes": [pay, user]})) == {
        f"routes[x.example /pay].{key}" for key in ("host", "path", "backend.service")
    }


def test_of_what_one_side_has_alone_its_own_settings_are_told() -> None:
    services = {"user-v1": SERVICE, "pay-v1": {"image": "registry.example.com/pay:1", "replicas": 3}}
    assert pairs({"services": services}, {}) == {
        "services.pay-v1.image": ("registry.example.com/pay:1", None),
        "services.pay-v1.replicas": ("3", None),
    }
    # All by default, but there.
    assert len(pairs({}, {"standalone_redis": {"cache": {}}})) == 1
    kinds = pairs(
        {"redis": {"storage": {"kind": "dynamic"}}},
        {"redis": {"storage": {"kind": "nfs", "server": "s", "path": "/d"}}},
    )
    assert kinds["redis.storage.kind"] == ("dynamic", "nfs")
    assert kinds["redis.storage.server"] == (None, "s")
    assert "redis.storage.storage_class" not in kinds


def test_secrets_of_both_are_not_compared() -> None:
    sides = [read({**NEEDED, "redis_password": PLACEHOLDER}, frozenset({"redis_password"})) for _ in "ab"]
    comparison = compare(sides[0].settings, sides[1].settings)
    assert comparison.secrets == ("redis_password",)
    assert "Both have these secrets, which are not compared: redis_password." in differences(comparison, "a", "b")


def test_a_stack_is_not_compared_with_itself() -> None:
    with pytest.raises(UserError, match="AGAINST is 'dev', as STACK is"):
        command.config("dev", "dev")


def test_an_unknown_stack_on_either_side_is_an_error() -> None:
    with pytest.raises(UserError, match="STACK is 'prd'"):
        command.config("prd", "")
    with pytest.raises(UserError, match="AGAINST is 'stagin'"):
        command.config("dev", "stagin")


def test_the_same_settings_give_the_same_text() -> None:
    texts = {json.dumps(all_settings(read(NEEDED), "dev")) for _ in range(3)}
    assert len(texts) == 1
