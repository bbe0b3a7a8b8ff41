"""Which gateway to talk to, how to show who we are, and the channel to it."""

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from services.cli.client.key import with_key
from services.cli.complaint import ComplaintError
from services.cli.stack.plan import reachable_host
from services.common.settings import Settings, SettingsError, load_settings
from services.common.settings_tls import CA_FILE, CLIENT_CERTIFICATE, CLIENT_KEY, TlsSettings

VARIABLE = "ATELIER_GATEWAY"
KEY_VARIABLE = "ATELIER_KEY"
CA_VARIABLE = "ATELIER_CA"
CERTIFICATE_VARIABLE = "ATELIER_CERTIFICATE"
SYSTEM_CA = "system"


@dataclass(frozen=True)
class Trust:
    """How to speak TLS: whom to believe ("" is the system's authorities), and what to show."""

    ca: str = ""
    certificate: str = ""
    """A PEM file with a certificate and its key, or the certificate alone and the key beside it,
    named alike but ending in .key; "" shows none."""


@dataclass(frozen=True)
class Gateway:
    """A gateway as this command calls it. `trust` is None for plain text."""

    address: str
    key: str = field(default="", repr=False)
    trust: Trust | None = None


def named_gateway(arguments: Namespace, env: Mapping[str, str] = os.environ) -> Gateway:
    """What the options say, else the environment, else the settings. Raises SettingsError."""
    named = arguments.address or env.get(VARIABLE)
    ca = arguments.ca or env.get(CA_VARIABLE)
    certificate = arguments.certificate or env.get(CERTIFICATE_VARIABLE) or ""
    if named and ca:
        trust: Trust | None = _trust(ca, certificate)
        return Gateway(named, _key(arguments, env), trust)
    settings = _settings(env, needed=not named)
    address = named or (_own_address(settings) if settings else "")
    trust = _trust(ca, certificate) if ca else None
    if trust is None and settings is not None and address == _own_address(settings):
        trust = own_trust(settings.tls, certificate)
    return Gateway(address, _key(arguments, env), trust)


def own_trust(tls: TlsSettings, certificate: str = "") -> Trust | None:
    """How to speak to the gateway of these settings; None for plain text."""
    if tls.faces is None:
        return None
    shown = tls.in_folder(CLIENT_CERTIFICATE) if tls.client_ca else None
    # A certificate named by itself is from elsewhere, and so is its authority.
    ca = tls.in_folder(CA_FILE) if not tls.certificate else None
    return Trust(str(ca or ""), certificate or str(shown or ""))


@contextmanager
def gateway_channel(gateway: Gateway, max_message_mib: int = 64) -> Iterator[grpc.Channel]:
    """A channel that is closed at the end; it connects with the first call.

    Raises ComplaintError for a certificate that cannot be read.
    """
    options = [
        ("grpc.max_receive_message_length", max_message_mib * 1024 * 1024),
        # A gateway that is frozen or whose host is gone is noticed under a running call.
        ("grpc.keepalive_time_ms", 5000),
        ("grpc.keepalive_timeout_ms", 5000),
        ("grpc.http2.ping_timeout_ms", 5000),
        ("grpc.http2.max_pings_without_data", 0),
        # A proxy of the environment is for the web, not for a gateway.
        ("grpc.enable_http_proxy", 0),
    ]
    with _channel(gateway, options) as channel:
        yield with_key(channel, gateway.key) if gateway.key else channel


def _channel(gateway: Gateway, options: list[tuple[str, int]]) -> grpc.Channel:
    if gateway.trust is None:
        return grpc.insecure_channel(gateway.address, options=options)
    return grpc.secure_channel(gateway.address, _credentials(gateway.trust), options=options)


def _credentials(trust: Trust) -> grpc.ChannelCredentials:
    ca = _read(trust.ca) if trust.ca else None
    if not trust.certificate:
        return grpc.ssl_channel_credentials(ca)
    certificate = _read(trust.certificate)
    key = certificate
    if b"PRIVATE KEY" not in certificate:
        key = _read(str(Path(trust.certificate).with_suffix(Path(CLIENT_KEY).suffix)))
    return grpc.ssl_channel_credentials(ca, key, certificate)


def _trust(ca: str, certificate: str) -> Trust:
    return Trust("" if ca == SYSTEM_CA else ca, certificate)


def _key(arguments: Namespace, env: Mapping[str, str]) -> str:
    return arguments.key or env.get(KEY_VARIABLE) or ""


def _settings(env: Mapping[str, str], *, needed: bool) -> Settings | None:
    """The settings of this machine; None if they are broken and another gateway was named."""
    if needed:
        return load_settings(env=env)
    with suppress(SettingsError):
        return load_settings(env=env)
    return None


def _own_address(settings: Settings) -> str:
    return f"{reachable_host(settings.gateway.host)}:{settings.gateway.grpc_port}"


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ComplaintError(f"cannot read {path}: {error.strerror}") from None
