"""One change of a settings file by itself."""

import pytest
import yaml

from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path
from operations.preview.settings_file import changed_settings
from operations.preview.single_settings import units, with_one

BEFORE = b"""
config:
  webtier:services:
    a: {image: 'x:1', replicas: 2, env: {AT: '12:30', SHA: '1234e5'}}
  webtier:redis: {shards: 3}
  webtier:routes: [{path: /a, backend: a}]
"""
AFTER = b"""
encryptionsalt: v1:salt
config:
  webtier:services:
    a: {image: x:2, replicas: 3, env: {AT: '12:30', SHA: '1234e5'}}
    b: {image: x:2}
  webtier:routes: [{path: /a, backend: b}]
  webtier:redis_password: {secure: v1:text}
"""


def _changed() -> list[Difference]:
    return list(changed_settings(BEFORE, AFTER))


def test_each_setting_is_one_and_a_list_as_a_whole() -> None:
    assert units(_changed(), 10) == [
        ("redis",),
        ("redis_password",),
        ("routes",),
        ("services", "a", "image"),
        ("services", "a", "replicas"),
        ("services", "b"),
    ]


def test_many_are_taken_together_by_their_first_key() -> None:
    assert units(_changed(), 5) == [("redis",), ("redis_password",), ("routes",), ("services",)]
    assert units(_changed(), 3) == []


@pytest.mark.parametrize("path", units(_changed(), 10), ids=".".join)
def test_nothing_else_changes(path: Path) -> None:
    alone = with_one(BEFORE, AFTER, path)
    assert alone is not None
    assert units(changed_settings(BEFORE, alone), 10) == [path]
    assert path not in units(changed_settings(alone, AFTER), 10)
    assert b"'12:30'" in alone
    assert b"'1234e5'" in alone


def test_what_is_read_otherwise_by_others_keeps_its_text() -> None:
    before = b"config:\n  webtier:a: 010\n  webtier:b: no\n  webtier:c: 1.10\n"
    alone = with_one(before, before.replace(b"no", b"off"), ("b",))
    assert alone == b"config:\n  webtier:a: 010\n  webtier:b: off\n  webtier:c: 1.10\n"


def test_an_encrypted_value_comes_with_its_salt() -> None:
    alone = with_one(BEFORE, AFTER, ("redis_password",))
    assert alone is not None
    assert yaml.safe_load(alone)["encryptionsalt"] == "v1:salt"


@pytest.mark.parametrize("broken", [b"\xff", b"[", b"", b"config: 1"])
def test_a_file_that_can_not_be_taken_apart_gives_none(broken: bytes) -> None:
    assert with_one(broken, AFTER, ("redis",)) is None
    assert with_one(BEFORE, broken, ("redis",)) is None
