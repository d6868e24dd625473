"""What differs between two versions of a settings file."""

from operations.preview.model.differences import Difference
from operations.preview.model.values import Opaque
from operations.preview.settings_file import changed_settings

BEFORE = b"""
config:
  webtier:redis_password: {secure: v1:AAAA}
  webtier:services:
    a: {image: a:1, replicas: 3}
  webtier:routes:
    - {path: /a, backend: a}
"""


def test_a_setting_has_old_and_new() -> None:
    after = BEFORE.replace(b"replicas: 3", b"replicas: 5, env: {TOKEN: {secure: v1:BBBB}}")
    assert list(changed_settings(BEFORE, after)) == [
        Difference(("services", "a", "env"), Opaque.ABSENT, {"TOKEN": Opaque.SECRET}),
        Difference(("services", "a", "replicas"), 3, 5),
    ]


def test_another_ciphertext_is_a_changed_secret_without_a_value() -> None:
    assert list(changed_settings(BEFORE, BEFORE.replace(b"AAAA", b"CCCC"))) == [
        Difference(("redis_password",), Opaque.SECRET, Opaque.SECRET)
    ]


def test_a_secret_that_becomes_plain_is_said_without_its_value() -> None:
    (found,) = changed_settings(BEFORE, BEFORE.replace(b"{secure: v1:AAAA}", b"in-plain-text"))
    assert found == Difference(("redis_password",), Opaque.SECRET, Opaque.PLAIN)


def test_a_rule_put_first_is_one_difference() -> None:
    after = BEFORE.replace(b"- {path: /a,", b"- {path: /b, backend: a}\n    - {path: /a,")
    (found,) = changed_settings(BEFORE, after)
    assert found.path == ("routes", "[/b]")


def test_no_file_before_has_no_settings() -> None:
    assert {each.path[0] for each in changed_settings(None, BEFORE)} == {"redis_password", "services", "routes"}


def test_a_file_that_nobody_can_read_says_nothing_here() -> None:
    assert list(changed_settings(BEFORE, b"config: [")) == []
    assert list(changed_settings(BEFORE, b"\xff")) == []


def test_a_password_in_plain_text_is_not_repeated() -> None:
    for old, new in ((b"config: {}", b"config: {webtier:redis_password: plain-text-1}"), (_PLAIN, _OTHER)):
        (found,) = changed_settings(old, new)
        assert found.path == ("redis_password",)
        assert found.new is Opaque.PLAIN
        assert found.old in (Opaque.ABSENT, Opaque.PLAIN)


_PLAIN, _OTHER = (f"config: {{redis_password: plain-text-{number}}}".encode() for number in (1, 2))
