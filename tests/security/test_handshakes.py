"""Clients that stall in the TLS handshake hold up nobody, on the HTTP face and at the metrics."""

import asyncio
import ssl
import urllib.request
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Gauge

from services.common import tls
from services.common.ports import serve_metrics
from services.common.settings import AccessSettings, SettingsError
from tests.support.gateways import running_gateway
from tests.support.locked import Certificates, web


async def test_a_handshake_that_does_not_end_ends_the_connection(
    certificates: Certificates,
) -> None:
    access = AccessSettings(keys_file="nowhere", head_seconds=0.1)
    async with running_gateway(1, access=access, tls=certificates.settings()) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
        writer.write(b"\x16\x03\x01\x02\x00")
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        async with web(running.http_port, context=certificates.context()) as session:
            async with session.get("/healthz") as answer:
                assert answer.status == 200


Metrics = Callable[..., int]


@pytest.fixture
def metrics(certificates: Certificates) -> Iterator[Metrics]:
    """Serves a registry by TLS; gives the port."""
    servers = []

    def serve(**changes: object) -> int:
        registry = CollectorRegistry()
        Gauge("atelier_tested", "That it is served.", registry=registry).set(1)
        identity = certificates.settings(**changes).faces
        assert identity is not None
        server = serve_metrics("127.0.0.1", 0, registry, "key", tls.LiveIdentity(identity))
        servers.append(server)
        return int(server.server_address[1])

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def scraped(port: int, context: ssl.SSLContext) -> str:
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/metrics", context=context) as answer:
        return str(answer.read().decode())


async def test_metrics_are_served_by_tls_beside_a_client_that_stalls(
    metrics: Metrics, certificates: Certificates
) -> None:
    port = metrics()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    told = await asyncio.to_thread(scraped, port, certificates.context())
    assert "atelier_tested 1.0" in told
    writer.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://127.0.0.1:{port}/metrics")


async def test_metrics_can_ask_for_a_certificate(
    metrics: Metrics, certificates: Certificates
) -> None:
    port = metrics(client_ca=str(certificates.folder / "ca.pem"))
    told = await asyncio.to_thread(scraped, port, certificates.context("client"))
    assert "atelier_tested 1.0" in told
    with pytest.raises((OSError, ssl.SSLError)):
        await asyncio.to_thread(scraped, port, certificates.context())


def test_a_port_of_the_metrics_that_is_taken_is_named(metrics: Metrics) -> None:
    port = metrics()
    with pytest.raises(SettingsError, match=r"^here\.port: .* cannot be listened on"):
        serve_metrics("127.0.0.1", port, CollectorRegistry(), "here.port")
