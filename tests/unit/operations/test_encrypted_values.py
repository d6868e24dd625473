"""Encrypted values of a settings file are replaced, and nothing else of it changes by a byte."""

import pytest

from operations.encrypted_values import NotFoundError, Substitutes, may_be_encrypted, with_secret, with_substitutes

SUBSTITUTES = Substitutes("v1:c2FsdA==:v1:bm9uY2U=:dGV4dA==", "v1:b3Vycw==:b3Vycw==")
OWN = "v1:AAAAAAAA:BBBBBBBB+/=="
SALT = "v1:AAAAAAAA:v1:BBBBBBBB:CCCCCCCC=="
OF_SERVICE = "AAABAJyZb6yPz9UqL8Q5k0X1p3mZ"


def replaced(text: str) -> str:
    return with_substitutes(text, lambda: SUBSTITUTES)


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  a:b: {secure: TEXT}\n  a:c: {secure: TEXT, other: 1}\n",
        "config:\r\n  a:ü: # comment: é\r\n    secure:   'TEXT'   # why\r\n  a:d: 08\r\nencryptionsalt: SALT\r\n",
        'encryptionsalt: "SALT"\nconfig: {"a:b": {"secure": "TEXT"}, a:c: [{secure: TEXT}, {x: {y: {secure: TEXT}}}]}',
        "config:\n  a:b: &one\n    secure: >-\n      TEXT\n  a:c: *one\n",
        "config:\n  a:d: {secure: &two TEXT}\n  a:e: {secure: *two}\n",
        "config:\n  ? a:b\n  : ? secure\n    : TEXT\n  a:yes: no\n",
        "--- # one\nconfig: {a:b: {secure: TEXT}}\n---\nconfig: {a:b: {secure: OTHER}}\n",
    ],
)
def test_ciphertexts_and_the_salt_are_replaced_where_they_stand(text: str) -> None:
    of_others = "{secure: TEXT, other: 1}"
    given = text.replace("TEXT", OWN).replace("SALT", SALT)
    expected = text.replace(of_others, of_others.replace("TEXT", OWN))
    expected = expected.replace("TEXT", SUBSTITUTES.ciphertext).replace("SALT", SUBSTITUTES.salt)
    assert replaced(given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "config: {a:b: {secure: hello}}",
        f"config: {{a:b: {{secure: [{OWN}]}}}}",
        f"config: {{a:b: {{secret: {OWN}}}, secure: {OWN}}}",
        f"secure: {OWN}\nother: {{secure: {OWN}}}\nconfig: {{}}",
        "encryptionsalt: v1:hello",
        f"a: {{encryptionsalt: {SALT}}}",
        f"encryptionsalt: {SALT.replace('v1:B', 'v2:B')}\nconfig: {{a:b: {{secure: {OF_SERVICE}}}}}",
    ],
)
def test_what_the_engine_would_not_decrypt_stays(text: str) -> None:
    assert replaced(text) == text


def test_of_other_providers_the_provider_is_replaced_too() -> None:
    assert replaced(f"config: {{a:b: {{secure: {OF_SERVICE}}}}}") == (
        f"config: {{a:b: {{secure: {SUBSTITUTES.ciphertext}}}}}"
    )
    assert replaced(f"secretsprovider: awskms://k\nencryptedkey: aGk=\nconfig: {{a:b: {{secure: {OWN}}}}}") == (
        f"secretsprovider: passphrase\nencryptedkey: aGk=\nconfig: {{a:b: {{secure: {SUBSTITUTES.ciphertext}}}}}"
    )


@pytest.mark.parametrize(
    "text", ["config: [", "\tconfig: a", f'config: {{a:b: {{secure: "{OWN[:9]}\\\n {OWN[9:]}"}}}}']
)
def test_what_can_not_be_taken_apart_is_said(text: str) -> None:
    with pytest.raises(NotFoundError):
        replaced(text)


def test_deep_nesting_is_no_matter() -> None:
    text = "config: {a:b: " + "[" * 900 + "]" * 900 + f", a:c: {{secure: {OWN}}}}}"
    assert replaced(text) == text.replace(OWN, SUBSTITUTES.ciphertext)


def test_an_ordinary_file_is_not_even_looked_into() -> None:
    assert not may_be_encrypted("config: {webtier:context: kind}")
    assert may_be_encrypted(f"config: {{a:b: {{secure: {OWN}}}}}")


def added(text: str) -> str:
    return with_secret(text, "webtier:p", frozenset({"p", "webtier:p", "webtier:p_file"}), lambda: SUBSTITUTES)


ENTRY = f'"webtier:p": {{"secure": "{SUBSTITUTES.ciphertext}"}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# x\nconfig:\n    # y\n    webtier:a: 1\n", f"# x\nconfig:\n    # y\n    {ENTRY}\n    webtier:a: 1\n"),
        ("a: 1\nconfig: {webtier:a: 1}\n", f"a: 1\nconfig: {{{ENTRY}, webtier:a: 1}}\n"),
        ("config:\nb: {webtier:a: 1}\n", "config:\nb: {webtier:a: 1}\n"),
        ("config:\n  p: {secure: x}\n", "config:\n  p: {secure: x}\n"),
        ("config:\n  webtier:a: 1\n  'webtier:p_file': x\n", "config:\n  webtier:a: 1\n  'webtier:p_file': x\n"),
        ("config:\n  ? webtier:a\n  : 1\n", "config:\n  ? webtier:a\n  : 1\n"),
        ("config: hello\n", "config: hello\n"),
        ("", ""),
    ],
)
def test_a_secret_is_put_before_all_others_unless_it_is_there(text: str, expected: str) -> None:
    assert added(text) == expected
