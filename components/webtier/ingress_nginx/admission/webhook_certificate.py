"""The admission webhook's certificate: a CA of its own and one leaf, made in the program."""

from collections.abc import Sequence
from dataclasses import dataclass

from webtier.shared.certificates import issue, make_authority


@dataclass(frozen=True)
class WebhookCertificate:
    """All three in PEM. The CA's key is forgotten: a new leaf needs a new CA."""

    ca: bytes
    certificate: bytes
    key: bytes


def make_webhook_certificate(dns_names: Sequence[str]) -> WebhookCertificate:
    """An ECDSA P-256 certificate for `dns_names` and the CA that signed it, valid ten years."""
    authority = make_authority("webtier admission webhook CA")
    # A common name holds 64 characters, fewer than two long names and their suffixes.
    leaf = issue(authority, "webtier admission webhook", dns_names)
    return WebhookCertificate(authority.certificate, leaf.certificate, leaf.key)
