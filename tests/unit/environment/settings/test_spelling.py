"""What quotes alone would mend is said so, for YAML and for `pulumi config set`; and nothing that is secret with it."""

import shlex

from environment.settings.loading import parse_settings
from environment.settings.raw_config import RawConfig
from environment.settings.report import SettingsError
from tests.unit.environment.changed_stack import report
from tests.unit.environment.stack_files import as_engine_text, stack_config

WEB = {"image": "registry.example/web:1"}


def with_env(**env: object) -> dict[str, object]:
    return {"services": {"user-v1": {**WEB, "env": env}, "pay-v1": WEB}}


def test_every_one_of_many_is_said_at_once() -> None:
    lines = report(**with_env(A=1, B=False, C=None, D=["x"], E="right"))
    assert lines[0].startswith("4 settings are wrong")
    said = dict(zip(lines[2:-2:2], lines[3:-2:2], strict=True))
    place = "  webtier:services.user-v1.env."
    assert 'A: "1", or: pulumi config set' in said[f"{place}A = 1"]
    assert 'B: "false", or: pulumi config set' in said[f"{place}B = false"]
    assert 'C: "", or: pulumi config set' in said[f"{place}C = null"]
    assert said[f'{place}D = ["x"]'].strip() == "allowed: text"


def test_the_command_is_one_that_a_shell_takes_as_it_stands() -> None:
    lines = report(services={"user-v1": {**WEB, "files": {"/etc/a b's": 1, "/etc/mode": 420}}, "pay-v1": WEB})
    [command] = [line.split(", or: ")[1] for line in lines if ", or: " in line]
    assert shlex.split(command)[-2:] == ['webtier:services.user-v1.files["/etc/mode"]', "420"]


def test_what_would_be_wrong_as_text_too_is_told_by_its_own_rule() -> None:
    lines = report(services={"user-v1": {"image": 7}, "pay-v1": WEB})
    assert lines[2:4] == [
        "  webtier:services.user-v1.image = 7",
        "      allowed: an image with its tag or digest, such as 'docker.io/library/redis:8.2.10'",
    ]


def test_a_secret_group_shows_no_value() -> None:
    config = {**stack_config("dev"), **with_env(TOKEN=123456789)}
    raw = RawConfig(as_engine_text(config), frozenset({"redis_password", "services"}))
    try:
        parse_settings(raw, "dev", {})
    except SettingsError as error:
        text = str(error)
    else:
        raise AssertionError("it was taken")
    assert "webtier:services.user-v1.env.TOKEN = (secret)" in text
    assert 'TOKEN: "…"' in text
    assert "123456789" not in text


def test_one_value_of_a_group_stands_at_its_key_in_the_long_form() -> None:
    short = report(routes=[{"path": "/a", "backend": "nobody"}])
    long = report(routes=[{"path": "/a", "backend": {"service": "nobody"}}])
    assert short[2] == '  webtier:routes[0].backend = "nobody"'
    assert long[2] == '  webtier:routes[0].backend.service = "nobody"'
    assert short[3] == long[3]
