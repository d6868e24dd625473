"""Secrets in what others say, plain and encoded."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from operations.preview.known_secrets import KnownSecrets
from tests.unit.operations.preview.engine_log import change_of, changed

SECRET = 'Pass+word/with "all" of=it?'
FORMS = {
    "plain": SECRET,
    "JSON": json.dumps(SECRET)[1:-1],
    "a URL": quote(SECRET),
    "a URL's part": quote(SECRET, safe=""),
    "a form": quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_it_is_hidden_however_it_is_written(form: str) -> None:
    said = KnownSecrets(frozenset({SECRET})).hide_in(f"before {FORMS[form]} after")
    assert said.rstrip("=").startswith("before [secret]")
    assert said.endswith(" after")


@pytest.mark.parametrize("before", range(6))
def test_what_is_left_of_it_in_a_longer_encoded_text_tells_nothing(before: int) -> None:
    encoded = base64.b64encode(b"u" * before + SECRET.encode() + b"@redis").decode()
    said = KnownSecrets(frozenset({SECRET})).hide_in(encoded)
    left = base64.b64decode(said.replace("[secret]", "") + "==")
    assert not [SECRET[at : at + 4] for at in range(len(SECRET) - 3) if SECRET[at : at + 4].encode() in left]


def test_one_that_begins_like_another_is_hidden_whole() -> None:
    assert KnownSecrets(frozenset({"longpassword", "longpassword-2"})).hide_in("longpassword-2") == "[secret]"


def test_values_of_fields_are_looked_through() -> None:
    old, new = {"url": f"redis://{SECRET}@a", "size": 1}, {"url": [f"redis://{SECRET}@b"], "size": 1}
    [step] = KnownSecrets(frozenset({SECRET})).hide_in_change(change_of(changed("ConfigMap", "a", old, new))).steps
    assert SECRET not in repr(step)
    assert "redis://[secret]@a" in repr(step.differences)


def test_without_secrets_nothing_is_touched() -> None:
    change = change_of(changed("ConfigMap", "a", {"size": 1}, {"size": 2}))
    assert KnownSecrets().hide_in_change(change) is change
