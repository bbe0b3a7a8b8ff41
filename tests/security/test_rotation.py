"""Certificates change on disk while calls run: no call fails, and new connections see the new."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

import grpc
from cryptography import x509

from atelier.echo.v1 import echo_pb2, echo_pb2_grpc
from services.common.certificates import CA_KEY, write_certificates
from services.common.settings import TlsSettings
from services.gateway.record import State
from services.gateway.verdict import Verdict
from tests.support.gateways import echo_worker, running_gateway
from tests.support.locked import Certificates, web
from tests.support.ports import free_port

SAY = echo_pb2.EchoRequest(text="a")


def serial_of(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number


async def shown_serial(port: int) -> int:
    """The serial number of the certificate that a server on the port shows now."""
    pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    return serial_of(pem.encode())


class Traffic:
    """Calls one after the other, for as long as the context lasts."""

    def __init__(self, call: Callable[[], Awaitable[object]]) -> None:
        self._call = call
        self._done = 0
        self._ending = False

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        await asyncio.wait_for(self._running, 30)

    async def more(self, calls: int = 5) -> None:
        """Waits until some more calls have ended well; fails with the first that does not."""
        wanted = self._done + calls
        while self._done < wanted:
            if self._running.done():
                self._running.result()
            await asyncio.sleep(0.005)

    async def _go_on(self) -> None:
        while not self._ending:
            await self._call()
            self._done += 1


async def test_no_call_fails_while_every_certificate_changes(certificates: Certificates) -> None:
    tls = certificates.settings()
    credentials = certificates.credentials()
    async with echo_worker(tls=tls) as (port, _):
        async with running_gateway(port, tls=tls, credentials=credentials) as running:
            address = f"127.0.0.1:{running.grpc_port}"

            async def by_grpc_anew() -> None:
                options = [("grpc.use_local_subchannel_pool", 1)]
                async with grpc.aio.secure_channel(address, credentials, options) as channel:
                    await echo_pb2_grpc.EchoServiceStub(channel).Say(SAY)

            async def by_http_anew() -> None:
                async with web(running.http_port, context=certificates.context()) as session:
                    async with session.post("/v1/echo/say", json={"text": "b"}) as answer:
                        assert answer.status == 200

            async def on_one_connection() -> None:
                assert [reply async for reply in running.echo.Repeat(SAY)]

            async with (
                Traffic(by_grpc_anew) as first,
                Traffic(by_http_anew) as second,
                Traffic(on_one_connection) as third,
            ):
                for _ in range(5):
                    write_certificates(certificates.folder, (), 30)
                    for calls in (first, second, third):
                        await calls.more()
                    new = serial_of(certificates.read("faces.pem"))
                    assert await shown_serial(running.http_port) == new
                    assert await shown_serial(running.grpc_port) == new
            assert running.record.verdicts[Verdict.FAILURE] == 0


async def test_a_half_written_pair_changes_nothing(certificates: Certificates) -> None:
    tls = certificates.settings()
    old = serial_of(certificates.read("faces.pem"))
    async with running_gateway(1, tls=tls, credentials=certificates.credentials()) as running:
        pem = certificates.read("faces.pem")
        spoilt = [
            ("faces.pem", pem[: len(pem) // 2]),
            ("faces.pem", b""),
            ("faces.key", certificates.read("client.key")),
            ("faces.key", b"-----BEGIN PRIVATE KEY-----\n"),
        ]
        for name, data in spoilt:
            whole = certificates.read(name)
            (certificates.folder / name).write_bytes(data)
            assert await shown_serial(running.http_port) == old
            assert await shown_serial(running.grpc_port) == old
            (certificates.folder / name).write_bytes(whole)
        (certificates.folder / "faces.pem").unlink()
        assert await shown_serial(running.http_port) == old
        write_certificates(certificates.folder, (), 30)
        new = serial_of(certificates.read("faces.pem"))
        assert new != old
        assert await shown_serial(running.http_port) == new
        assert await shown_serial(running.grpc_port) == new


async def test_the_gateway_meets_a_worker_of_a_new_authority_without_a_restart(
    certificates: Certificates,
) -> None:
    tls = certificates.settings()
    port = free_port()
    async with running_gateway(port, tls=tls, credentials=certificates.credentials()) as running:
        async with echo_worker(port, tls=tls):
            assert (await running.echo.Say(SAY)).text == "a"
        await running.until(State.UNAVAILABLE)
        (certificates.folder / "ca.pem").unlink()
        (certificates.folder / CA_KEY).unlink()
        assert write_certificates(certificates.folder, (), 30)
        async with echo_worker(port, tls=tls):
            await running.until(State.UNKNOWN)
            assert (await running.echo.Say(SAY)).text == "a"
            assert [reply async for reply in running.echo.Repeat(SAY)]
            assert running.record.state is State.AVAILABLE


async def test_two_authorities_may_hold_while_one_takes_the_others_place(
    certificates: Certificates,
) -> None:
    new = Certificates.made(certificates.folder / "new")
    both = certificates.folder / "both.pem"
    both.write_bytes(certificates.read("ca.pem") + new.read("ca.pem"))
    renewed = TlsSettings(
        internal_ca=str(both),
        worker_certificate=str(new.folder / "worker.pem"),
        worker_key=str(new.folder / "worker.key"),
    )
    old = certificates.settings(internal_ca=str(both))
    async with echo_worker(tls=renewed) as (port, _):
        credentials = certificates.credentials()
        async with running_gateway(port, tls=old, credentials=credentials) as running:
            assert (await running.echo.Say(SAY)).text == "a"
