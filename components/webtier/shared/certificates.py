"""X.509 certificates made in the program: an authority, and leaves that it signs."""

import datetime
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=3652)
"""Ten years: longer than a cluster lives, since what is inside of it is easily forgotten when it is due for renewal."""

# The clock of the cluster may be behind this machine's.
_BACKDATED = datetime.timedelta(hours=1)

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256, by FIPS 186-4, D.1.2.3: a private key is below it."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both in PEM."""

    certificate: bytes
    key: bytes


def make_authority(common_name: str) -> Pair:
    """A new ECDSA P-256 certificate authority of its own, valid ten years."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    key = ec.generate_private_key(_CURVE)
    name = _name(common_name)
    builder = (
        _builder(name, name, key, is_authority=True)
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Pair, common_name: str, names: Sequence[str], generation: int = 1, client: bool = False) -> Pair:
    """A leaf for servers at `names`, DNS names or addresses; with `client` for clients too. As long valid as its CA.

    The same arguments always make the same leaf, so that it needs no memory; another generation or
    other names make another one, with another key.
    """
    ca = x509.load_pem_x509_certificate(authority.certificate)
    ca_key = serialization.load_pem_private_key(authority.key, None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is no elliptic curve key")
    identity = "\n".join([str(generation), str(client), common_name, *names])
    digest = hmac.new(authority.key, identity.encode(), hashlib.sha512).digest()
    key = ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, _CURVE)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])]
    builder = (
        _builder(_name(common_name), ca.subject, key, is_authority=False)
        .not_valid_before(ca.not_valid_before_utc)
        .not_valid_after(ca.not_valid_after_utc)
        .serial_number(int.from_bytes(hashlib.sha256(digest).digest()[:16], "big") | 1)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    return _pair(builder.sign(ca_key, hashes.SHA256(), ecdsa_deterministic=True), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
