"""Certificates made in the program."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from webtier.shared.certificates import Pair, issue, make_authority


def parsed(pair: Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_a_leaf_is_signed_by_its_authority_and_names_what_it_is_for() -> None:
    authority = make_authority("test")
    leaf = parsed(issue(authority, "redis", ["*.redis-nodes.shop.svc", "10.0.0.1"], client=True))
    leaf.verify_directly_issued_by(parsed(authority))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*.redis-nodes.shop.svc"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    assert leaf.not_valid_after_utc == parsed(authority).not_valid_after_utc


def test_the_same_leaf_is_made_again_and_another_generation_is_another() -> None:
    authority = make_authority("test")
    first = issue(authority, "redis", ["a"])
    assert issue(authority, "redis", ["a"]) == first
    for other in (
        issue(authority, "redis", ["a"], 2),
        issue(authority, "redis", ["b"]),
        issue(make_authority("x"), "redis", ["a"]),
    ):
        assert other.key != first.key
        assert parsed(other).serial_number != parsed(first).serial_number
    key = serialization.load_pem_private_key(first.key, None)
    assert key.public_key() == parsed(first).public_key()
