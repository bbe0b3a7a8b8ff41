"""The [access] table: who may call, from where, and how much at once."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from services.common.settings_checks import require_positive
from services.common.settings_table import SettingsError, path_of


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """The [access] table."""

    keys_file: str = "var/keys.json"
    """File of the API keys, written by `atelier keys`, relative to the repository unless absolute.
    If it is there when the gateway starts, every call needs a key."""
    require_key: bool = False
    """Refuse to start without a keys file."""
    calls_per_caller: int = 64
    """How many calls and streams a key may have running at once, unless it has its own limit."""
    allow_public_without_key: bool = False
    """Let the faces listen beyond loopback although anybody may call."""
    allow_public_workers: bool = False
    """Let workers listen beyond loopback without mutual TLS."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which browsers may reach the HTTP face, beside localhost and addresses; "*" for
    all. Empty means all if the face listens beyond loopback."""
    reflection: bool = True
    """Whether gateway and workers describe their services to clients such as grpcurl."""
    head_seconds: float = 10.0
    """How long an HTTP client may take for its TLS handshake and its first request's head."""
    idle_seconds: float = 75.0
    """How long an HTTP connection may stay open between two requests, heads included."""
    max_connections: int = 1000
    """How many HTTP connections may be open at once."""

    def __post_init__(self) -> None:
        require_positive(
            "access",
            calls_per_caller=self.calls_per_caller,
            head_seconds=self.head_seconds,
            idle_seconds=self.idle_seconds,
            max_connections=self.max_connections,
        )
        if not self.keys_file:
            raise SettingsError("access.keys_file", "is empty; name a file, it need not exist")

    @property
    def keys_path(self) -> Path:
        """The keys file as an absolute path."""
        return path_of(self.keys_file)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def require_safe_worker(where: str, host: str, access: AccessSettings, *, mutual_tls: bool) -> None:
    """Raises SettingsError for a worker that everybody on the network could call."""
    if mutual_tls or access.allow_public_workers or is_loopback(host):
        return
    raise SettingsError(
        f"{where}.host",
        f"{host} is reached from other machines, and any of them could call this worker; set "
        "tls.folder (see `atelier certificates`), or access.allow_public_workers = true if the "
        "network itself keeps strangers out",
    )


def require_safe_faces(host: str, access: AccessSettings, *, keys: bool, client_ca: bool) -> None:
    """Raises SettingsError for a gateway that everybody on the network could call."""
    if keys or client_ca or access.allow_public_without_key or is_loopback(host):
        return
    raise SettingsError(
        "gateway.host",
        f"{host} is reached from other machines, and any of them could call; add a key with "
        "`atelier keys add NAME`, or set access.allow_public_without_key = true if the network "
        "itself keeps strangers out",
    )
