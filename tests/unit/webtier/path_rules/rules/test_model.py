"""What the model of a rule takes, and what it refuses by itself."""

import pytest
from pydantic import ValidationError

from tests.unit.webtier.path_rules.harness.rule_objects import rule


@pytest.mark.parametrize(
    "path",
    ["", "user", "/user/", "//", "/a//b", "/a b", "/a?b", "/(.*)", "/a/../b", "/./a", "/ü", "/a\n", "/" + "a" * 200],
)
def test_wrong_paths_are_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule(path)


@pytest.mark.parametrize(
    "host", ["Shop.example.com", "a_b.example.com", ".example.com", "a..b", "x:80", "http://x", "*"]
)
def test_wrong_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="allowed"):
        rule("/a", host=host)


def test_rewrite_and_backend_have_a_short_and_a_long_form() -> None:
    assert rule("/a", rewrite="strip_prefix") == rule("/a", rewrite={"kind": "strip_prefix"})
    assert rule("/a", "user-v1") == rule("/a", {"service": "user-v1"})
    with pytest.raises(ValidationError):
        rule("/a", rewrite="replace")
