"""The cluster's certificates: one authority, and a certificate and kubeconfig of its own for each component."""

import base64
import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from command_line.files import write_whole
from devcluster.plan import API_SERVICE_ADDRESS, API_URL, CLUSTER_DOMAIN, CONTEXT, CONTROL_PLANE, NODES

VALID_FOR = dt.timedelta(days=3 * 365)
RENEW_BEFORE = dt.timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """Who a certificate speaks for: `user` and `groups` as RBAC sees them, `hosts` for what it serves."""

    file: str
    user: str
    groups: Sequence[str] = ()
    hosts: Sequence[str] = ()


API_SERVER = Identity(
    "kube-apiserver",
    "kube-apiserver",
    hosts=(
        *("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{CLUSTER_DOMAIN}"),
        *("localhost", "127.0.0.1", API_SERVICE_ADDRESS, CONTROL_PLANE.address),
    ),
)
KUBELET_CLIENT = Identity("kube-apiserver-kubelet-client", "kube-apiserver-kubelet-client")
"""RBAC gives it `system:kubelet-api-admin` and nothing else (see manifests/rbac.yaml)."""
ETCD = Identity("etcd", "etcd", hosts=("localhost", "127.0.0.1"))
ETCD_CLIENT = Identity("etcd-client", "kube-apiserver-etcd-client")
ADMIN = Identity("admin", "webtier-admin", groups=("system:masters",))
CONTROLLER_MANAGER = Identity("kube-controller-manager", "system:kube-controller-manager", hosts=("127.0.0.1",))
SCHEDULER = Identity("kube-scheduler", "system:kube-scheduler", hosts=("127.0.0.1",))
PROXY = Identity("kube-proxy", "system:kube-proxy")
NETWORK_POLICIES = Identity("network-policies", "webtier:network-policies")
VOLUME_FOLDERS = Identity("volume-folders", "webtier:volume-folders")


def kubelet(node: str, address: str) -> Identity:
    return Identity(f"kubelet-{node}", f"system:node:{node}", groups=("system:nodes",), hosts=(node, address))


IDENTITIES = (
    *(API_SERVER, KUBELET_CLIENT, ETCD, ETCD_CLIENT, ADMIN, CONTROLLER_MANAGER, SCHEDULER, PROXY, NETWORK_POLICIES),
    VOLUME_FOLDERS,
    *(kubelet(node.name, node.address) for node in NODES),
)

_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@dataclass(frozen=True)
class Pki:
    """The certificates in one folder: NAME.crt and NAME.key in PEM, `ca` the authority's own."""

    folder: Path

    def certificate(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def ensure(self) -> bool:
        """Make what is missing or soon ends. True when anything was made, so that what uses it must restart."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        has_authority = self._is_good("ca")
        if has_authority and all(self._is_good(who.file) for who in IDENTITIES):
            return False
        if not has_authority:
            self._write("ca", *_make(Identity("ca", "webtier embedded cluster")))
        authority = self._read("ca")
        for who in IDENTITIES:
            self._write(who.file, *_make(who, authority))
        if not self.key("service-accounts").exists():
            signer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            write_whole(self.key("service-accounts"), _pem(signer), 0o600)
        return True

    def write_kubeconfig(self, who: Identity, file: Path) -> None:
        """Write a kubeconfig with everything inside, so that it can be copied anywhere."""
        config = _KUBECONFIG.format(
            server=API_URL,
            context=CONTEXT,
            user=who.user,
            ca=_base64(self.certificate("ca")),
            certificate=_base64(self.certificate(who.file)),
            key=_base64(self.key(who.file)),
        )
        write_whole(file, config, 0o600)

    def _is_good(self, name: str) -> bool:
        try:
            certificate, key = self._read(name)
        except (OSError, ValueError):
            return False
        lasts = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
        return certificate.public_key() == key.public_key() and lasts > RENEW_BEFORE

    def _read(self, name: str) -> _Pair:
        key = serialization.load_pem_private_key(self.key(name).read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self.key(name)} is no elliptic curve key")
        return x509.load_pem_x509_certificate(self.certificate(name).read_bytes()), key

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        write_whole(self.key(name), _pem(key), 0o600)
        write_whole(self.certificate(name), certificate.public_bytes(serialization.Encoding.PEM).decode(), 0o600)


def _make(who: Identity, authority: _Pair | None = None) -> _Pair:
    """A certificate and its key that an authority has signed; without one an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in who.groups]
    subject = x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, who.user)])
    is_authority = authority is None
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    # An hour back, for a clock that was set right in between.
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALID_FOR)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
    )
    if is_authority:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    else:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if who.hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in who.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key if authority is None else authority[1], hashes.SHA256()), key


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: {context}
  cluster:
    server: {server}
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {context}
  context:
    cluster: {context}
    user: {user}
current-context: {context}
"""
