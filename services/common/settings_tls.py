"""The [tls] table: which certificates each side of each hop shows and trusts, as files.

Knows names and paths; reading and checking the files is services.common.tls's.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.common.settings_checks import require_dns_name
from services.common.settings_table import SettingsError, path_of

FILES = {
    "certificate": "faces.pem",
    "key": "faces.key",
    "internal_ca": "ca.pem",
    "gateway_certificate": "gateway.pem",
    "gateway_key": "gateway.key",
    "worker_certificate": "worker.pem",
    "worker_key": "worker.key",
}
"""What stands in the folder that `atelier certificates` makes, by the setting it is for."""
CA_FILE = "ca.pem"
CLIENT_CERTIFICATE = "client.pem"
CLIENT_KEY = "client.key"
GATEWAY_NAME = "gateway.atelier.internal"


class NamedFile(NamedTuple):
    """A file, and the setting that names it."""

    setting: str
    path: Path


@dataclass(frozen=True)
class Identity:
    """What one side of a connection shows, and by which authority it knows the other side.

    `ca` is None where the other side need not show anything.
    """

    certificate: NamedFile
    key: NamedFile
    ca: NamedFile | None = None

    @property
    def files(self) -> tuple[NamedFile, ...]:
        """All its files."""
        return (self.certificate, self.key, *([self.ca] if self.ca else []))


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """The [tls] table. Paths are relative to the repository unless absolute; "" is none."""

    folder: str = ""
    """A folder as `atelier certificates` makes it; fills in every key but client_ca."""
    certificate: str = ""
    """PEM file with the certificate chain that both faces of the gateway show."""
    key: str = ""
    """Its private key, unencrypted."""
    client_ca: str = ""
    """PEM file; callers of the faces must show a certificate of one of these authorities."""
    internal_ca: str = ""
    """PEM file with the authority of the gateway's and the workers' certificates. With it, the hop
    between them is mutual TLS."""
    gateway_certificate: str = ""
    """What the gateway shows to the workers."""
    gateway_key: str = ""
    worker_certificate: str = ""
    """What a worker shows to the gateway; it must hold the host that the gateway calls."""
    worker_key: str = ""
    gateway_name: str = GATEWAY_NAME
    """Name that the certificate of whoever calls a worker must hold as a DNS name."""
    metrics: bool = False
    """Serve the metrics by TLS too, with the process's own certificate."""

    def __post_init__(self) -> None:
        self._require_pair("certificate", "key")
        self._require_pair("gateway_certificate", "gateway_key")
        self._require_pair("worker_certificate", "worker_key")
        if self.client_ca and not self._value("certificate"):
            raise SettingsError("tls.client_ca", "needs tls.certificate and tls.key as well")
        for key in ("gateway_certificate", "worker_certificate"):
            if getattr(self, key) and not self._value("internal_ca"):
                raise SettingsError(f"tls.{key}", "needs tls.internal_ca as well")
        require_dns_name("tls", "gateway_name", self.gateway_name)

    @property
    def faces(self) -> Identity | None:
        """The gateway towards its callers; None while the faces speak plain text."""
        if not self._value("certificate"):
            return None
        ca = self._file("client_ca") if self.client_ca else None
        return Identity(self._file("certificate"), self._file("key"), ca)

    @property
    def gateway(self) -> Identity | None:
        """The gateway towards the workers; None while that hop is plain text."""
        return self._internal("gateway_certificate", "gateway_key")

    @property
    def worker(self) -> Identity | None:
        """A worker towards the gateway; None while that hop is plain text."""
        return self._internal("worker_certificate", "worker_key")

    def in_folder(self, name: str) -> Path | None:
        """A file of the folder; None if there is no folder."""
        return path_of(self.folder) / name if self.folder else None

    def _internal(self, certificate: str, key: str) -> Identity | None:
        if not self._value("internal_ca"):
            return None
        if not self._value(certificate):
            raise SettingsError(f"tls.{certificate}", "is missing; tls.internal_ca needs it")
        return Identity(self._file(certificate), self._file(key), self._file("internal_ca"))

    def _file(self, key: str) -> NamedFile:
        return NamedFile(f"tls.{key}", path_of(self._value(key)))

    def _value(self, key: str) -> str:
        given: str = getattr(self, key)
        if given or not self.folder or key not in FILES:
            return given
        return str(Path(self.folder) / FILES[key])

    def _require_pair(self, certificate: str, key: str) -> None:
        for one, other in ((certificate, key), (key, certificate)):
            if getattr(self, one) and not getattr(self, other):
                raise SettingsError(f"tls.{other}", f"is missing; tls.{one} needs it")
