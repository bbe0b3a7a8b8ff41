"""Certificates as they are on disk now: reads and checks them, and hands them to gRPC and HTTP.

Files that change are taken up with the next handshake, without a restart. Files that cannot be
used (half written, say) change nothing: the last good ones stay. Knows no setting but by name.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from services.common.settings_table import SettingsError
from services.common.settings_tls import Identity, NamedFile

log = logging.getLogger(__name__)

SOON = timedelta(days=7)
"""A certificate that ends sooner than this is worth a warning."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Material:
    """What an identity's files hold, as PEM. `ca` is None if the identity has none."""

    certificate: bytes
    key: bytes
    ca: bytes | None


class LiveIdentity:
    """An identity whose files are looked at again whenever it is asked for.

    Raises SettingsError, naming the setting, if they cannot be used at first. May be asked in any
    thread.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._lock = threading.Lock()
        self._stamps = _stamps(identity)
        self._material = load(identity)

    def current(self) -> Material:
        """What the files hold, or held when they could be used last; the same object until then."""
        with self._lock:
            stamps = _stamps(self.identity)
            if stamps != self._stamps:
                self._stamps = stamps
                self._take_up()
            return self._material

    def _take_up(self) -> None:
        name = self.identity.certificate.path
        try:
            self._material = load(self.identity)
            log.info("took up the new certificate %s", name)
        except SettingsError as error:
            log.warning("keeping the certificate that was loaded before: %s", error)


def load(identity: Identity) -> Material:
    """Reads and checks the files of an identity.

    Raises SettingsError, naming the setting, for a file that is missing or no PEM, and for a key
    that is not the certificate's. Warns of a certificate that has ended or is about to.
    """
    certificate, key = _read(identity.certificate), _read(identity.key)
    leaf = _certificates(identity.certificate, certificate)[0]
    if _public_key(identity.key, key) != _der(leaf.public_key()):
        raise SettingsError(
            identity.key.setting,
            f"{identity.key.path} is not the key of the certificate {identity.certificate.path}",
        )
    _warn_of_end(identity.certificate, leaf)
    ca = None
    if identity.ca is not None:
        ca = _read(identity.ca)
        for authority in _certificates(identity.ca, ca):
            _warn_of_end(identity.ca, authority)
    return Material(certificate, key, ca)


def server_credentials(live: LiveIdentity) -> grpc.ServerCredentials:
    """What a gRPC server shows; asks for its clients' certificates if the identity has a CA."""
    served = live.current()

    def newer() -> Any:  # None if nothing has changed, which the stubs do not know
        nonlocal served
        material = live.current()
        if material is served:
            return None
        served = material
        return _configuration(material)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(served), newer, require_client_authentication=served.ca is not None
    )


def channel_credentials(material: Material) -> grpc.ChannelCredentials:
    """What a gRPC client shows, and the authority of the servers that it believes."""
    return grpc.ssl_channel_credentials(material.ca, material.key, material.certificate)


def server_context(live: LiveIdentity) -> ssl.SSLContext:
    """What an HTTP server shows; each handshake uses the files as they are then.

    A context cannot be changed in one step, so each new certificate gets a context of its own.
    """
    served = live.current()
    context = front = _context(live.identity)
    lock = threading.Lock()

    def choose(connection: ssl.SSLObject, _name: str | None, _front: ssl.SSLContext) -> None:
        nonlocal served, context
        with lock:
            material = live.current()
            if material is not served:
                served = material
                context = _context_or(context, live.identity)
            connection.context = context

    front.sni_callback = choose
    return front


def client_context(ca: Path | None) -> ssl.SSLContext:
    """What an HTTP client believes: one authority, or those of the system."""
    return ssl.create_default_context(cafile=str(ca) if ca else None)


def _context_or(old: ssl.SSLContext, identity: Identity) -> ssl.SSLContext:
    """A context with the files as they are now; the old one if they have just been spoilt."""
    try:
        return _context(identity)
    except (OSError, ssl.SSLError) as error:
        log.warning("keeping the certificate that was loaded before: %s", error)
        return old


def _context(identity: Identity) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(identity.certificate.path, identity.key.path)
    if identity.ca is not None:
        context.load_verify_locations(identity.ca.path)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _configuration(material: Material) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.certificate)], root_certificates=material.ca
    )


def _stamps(identity: Identity) -> tuple[Stamp | None, ...]:
    return tuple(_stamp(file.path) for file in identity.files)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(file: NamedFile) -> bytes:
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise SettingsError(file.setting, f"{file.path} cannot be read: {error.strerror}") from None


def _certificates(file: NamedFile, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise SettingsError(file.setting, f"{file.path} holds no PEM certificate") from None


def _public_key(file: NamedFile, pem: bytes) -> bytes:
    """The public half of a private key. No error says more of the file than its name."""
    try:
        return _der(load_pem_private_key(pem, password=None).public_key())
    except TypeError:
        raise SettingsError(
            file.setting, f"{file.path} is encrypted; store it without a passphrase, mode 0600"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(file.setting, f"{file.path} holds no PEM private key") from None


def _der(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _warn_of_end(
    file: NamedFile, certificate: x509.Certificate, now: Callable[..., datetime] = datetime.now
) -> None:
    end = certificate.not_valid_after_utc
    if end < now(UTC):
        log.warning("%s: the certificate %s ended on %s", file.setting, file.path, end.date())
    elif end < now(UTC) + SOON:
        log.warning("%s: the certificate %s ends on %s", file.setting, file.path, end.date())
