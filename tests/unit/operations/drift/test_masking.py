"""What of a drifted value is not shown."""

import base64

import pytest

from operations.drift.masking import mask_of
from operations.preview.model.differences import Difference
from operations.preview.model.paths import Path
from operations.preview.model.values import Opaque, Value

SECRET = "planted:7gq2/password+x"
_LINE = "MIIEowIBAAKCAQEA7gq2"


def _mask(old: Value, new: Value, path: Path = ("spec", "x")) -> tuple[Value, Value]:
    data = {"password": _encoded(SECRET), "key": _encoded(f"-----BEGIN KEY-----\n{_LINE}\n"), "user": _encoded("app")}
    shown = mask_of([{"kind": "Secret", "data": data}, {"kind": "ConfigMap", "data": {"a": "plain text"}}]).of(
        Difference(path, old, new)
    )
    return shown.old, shown.new


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [SECRET, f"redis://:{SECRET}@redis", _encoded(SECRET), "planted%3A7gq2%2Fpassword%2Bx", f"in\nlines\n{_LINE}\n"],
)
def test_what_a_secret_has_is_shown_nowhere_in_no_form(text: str) -> None:
    assert _mask("before", text) == (Opaque.SECRET, Opaque.SECRET)
    assert _mask(text, Opaque.ABSENT) == (Opaque.SECRET, Opaque.ABSENT)
    assert SECRET not in repr(_mask(Opaque.ABSENT, {"name": "web", "args": ["--url", text]}))


@pytest.mark.parametrize(
    "path",
    [
        ("data", "db_password"),
        ("spec", "template", "spec", "containers", "[web]", "env", "[API_KEY]", "value"),
        ("metadata", "annotations", "example.com/token"),
    ],
)
def test_what_is_called_a_secret_is_not_shown(path: Path) -> None:
    assert _mask("a", "b", path) == (Opaque.SECRET, Opaque.SECRET)


def test_the_value_of_a_variable_that_was_added_is_not_shown_by_its_name() -> None:
    added = {"name": "web", "env": [{"name": "REDIS_PASSWORD", "value": "short"}, {"name": "MODE", "value": "fast"}]}
    assert _mask(Opaque.ABSENT, added)[1] == {
        "name": "web",
        "env": [{"name": "REDIS_PASSWORD", "value": Opaque.SECRET}, {"name": "MODE", "value": "fast"}],
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "automountServiceAccountToken"), True),
        (("spec", "volumes", "[auth]", "secret", "secretName"), "redis-auth"),
        (("spec", "x"), "application"),
        (("data", "a"), "plain text"),
        (("spec", "replicas"), 3),
    ],
)
def test_all_else_is_shown(path: Path, value: Value) -> None:
    assert _mask(Opaque.ABSENT, value, path) == (Opaque.ABSENT, value)
