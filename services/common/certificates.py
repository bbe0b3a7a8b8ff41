"""Makes a private authority and the certificates that it signs, as files. Knows no server.

Each file is written beside its place and moved there, so that a running server that looks at any
time sees an old file or a new one.
"""

import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.common.settings_tls import CA_FILE, GATEWAY_NAME

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
CA_DAYS = 3650
CA_KEY = "ca.key"
# The clock of another machine may be behind.
_EARLIER = timedelta(hours=1)

_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True)
class Authority:
    """A private certificate authority."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls, now: datetime | None = None) -> "Authority":
        """A fresh one, valid for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Atelier private authority")
        builder = _builder(name, name, key, now or datetime.now(UTC), CA_DAYS)
        limits = x509.BasicConstraints(ca=True, path_length=0)
        builder = builder.add_extension(limits, critical=True)
        builder = builder.add_extension(_usage(signs=True), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def read(cls, folder: Path) -> "Authority":
        """The one that was written into the folder. Raises OSError and ValueError."""
        key = load_pem_private_key((folder / CA_KEY).read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{folder / CA_KEY} is no elliptic curve key")
        return cls(x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes()), key)

    def write(self, folder: Path) -> None:
        """Writes its certificate and its key."""
        _write(folder / CA_KEY, _private(self.key))
        _write(folder / CA_FILE, self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        folder: Path,
        name: str,
        hosts: Sequence[str],
        *,
        server: bool,
        days: int,
        now: datetime | None = None,
    ) -> None:
        """Writes <name>.pem and <name>.key: for a server on `hosts`, or for a client.

        The hosts are names or addresses.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject
        builder = _builder(_name(f"atelier {name}"), issuer, key, now or datetime.now(UTC), days)
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs=False), True),
            (x509.ExtendedKeyUsage([_SERVER if server else _CLIENT]), False),
            (x509.SubjectAlternativeName(list(_alternatives(hosts))), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
        ):
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(self.key, hashes.SHA256())
        # The key first: who looks between the two sees a pair that does not match, and keeps the
        # old one.
        _write(folder / f"{name}.key", _private(key))
        _write(folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM))


def write_certificates(folder: Path, hosts: Iterable[str], days: int) -> bool:
    """Writes all that a stack needs; returns whether the authority is new.

    An authority that is there already signs again, so that what trusts it goes on to do so.
    Raises OSError for a folder that cannot be written, ValueError for an authority that is broken
    or a host that is none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Wherever the folder is, its keys must not find their way into a repository.
    _write(folder / ".gitignore", b"*\n")
    fresh = not (folder / CA_FILE).exists()
    authority = Authority.new() if fresh else Authority.read(folder)
    if fresh:
        authority.write(folder)
    names = list(dict.fromkeys([*LOCAL_HOSTS, *hosts]))
    authority.issue(folder, "faces", names, server=True, days=days)
    authority.issue(folder, "worker", names, server=True, days=days)
    authority.issue(folder, "gateway", [GATEWAY_NAME], server=False, days=days)
    authority.issue(folder, "client", ["client.atelier.internal"], server=False, days=days)
    return fresh


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternatives(hosts: Sequence[str]) -> Iterable[x509.GeneralName]:
    for host in hosts:
        try:
            yield x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            yield x509.DNSName(host)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes) -> None:
    """Puts the file in its place at once; only its owner may read it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    part.replace(path)
