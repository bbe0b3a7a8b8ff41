"""Gateways behind keys and certificates, and their clients, for tests."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import grpc

from services.common.api_keys import make_key, read_keys, write_keys
from services.common.certificates import write_certificates
from services.common.settings import AccessSettings, TlsSettings


@dataclass(frozen=True)
class Certificates:
    """A folder as `atelier certificates` makes it."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificates":
        write_certificates(folder, (), 30)
        return cls(folder)

    def settings(self, **changes: object) -> TlsSettings:
        return TlsSettings(folder=str(self.folder), **changes)  # type: ignore[arg-type]  # a test's own values

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def credentials(self, shown: str = "") -> grpc.ChannelCredentials:
        """A client that trusts the authority, and shows <shown>.pem if it is named."""
        if not shown:
            return grpc.ssl_channel_credentials(self.read("ca.pem"))
        return grpc.ssl_channel_credentials(
            self.read("ca.pem"), self.read(f"{shown}.key"), self.read(f"{shown}.pem")
        )

    def context(self, shown: str = "") -> ssl.SSLContext:
        """The same for HTTP."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if shown:
            context.load_cert_chain(self.folder / f"{shown}.pem", self.folder / f"{shown}.key")
        return context


@dataclass(frozen=True)
class Keys:
    """A keys file."""

    path: Path

    @property
    def settings(self) -> AccessSettings:
        return AccessSettings(keys_file=str(self.path))

    def add(self, name: str = "ada", *, rate: int = 0, concurrent: int = 0) -> str:
        """Adds a key; returns its secret."""
        key, secret = make_key(name, rate_per_minute=rate, concurrent=concurrent)
        write_keys(self.path, [*read_keys(self.path), key])
        return secret

    def remove(self, name: str) -> None:
        write_keys(self.path, [key for key in read_keys(self.path) if key.name != name])


def bearer(secret: str) -> tuple[tuple[str, str], ...]:
    """Metadata that shows a key."""
    return (("authorization", f"Bearer {secret}"),)


@asynccontextmanager
async def web(
    port: int, *, context: ssl.SSLContext | None = None, secret: str = ""
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the HTTP face."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    connector = aiohttp.TCPConnector(ssl=context or True)
    base = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    async with aiohttp.ClientSession(base, connector=connector, headers=headers) as session:
        yield session
