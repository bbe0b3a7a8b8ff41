"""Who is not let in, is told so with the right code: by gRPC and HTTP, with real servers."""

import asyncio
from collections.abc import Awaitable

import aiohttp
import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from atelier.echo.v1 import echo_pb2, echo_pb2_grpc
from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.gateway.record import State
from tests.support.gateways import echo_worker, running_gateway
from tests.support.locked import Certificates, Keys, bearer, web

SAY = echo_pb2.EchoRequest(text="a")


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode, str]:
    """The code and the reason with which a call ended."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
    return caught.value.code(), info.reason


@pytest.mark.parametrize("shown", ["", "atelier_000000000000_" + "A" * 43, "nonsense"])
async def test_no_key_and_a_wrong_key_are_refused_alike_by_grpc(keys: Keys, shown: str) -> None:
    keys.add()
    metadata = bearer(shown) if shown else ()
    async with (
        echo_worker() as (port, servicer),
        running_gateway(port, access=keys.settings) as running,
    ):
        refused = (grpc.StatusCode.UNAUTHENTICATED, "API_KEY_REQUIRED")
        assert await refusal(running.echo.Say(SAY, metadata=metadata)) == refused
        status = gateway_pb2_grpc.CapabilityServiceStub(running.channel).ListCapabilities
        assert await refusal(status(gateway_pb2.ListCapabilitiesRequest(), metadata=metadata)) == (
            refused
        )
        stream = running.echo.Repeat(SAY, metadata=metadata)
        assert await refusal(stream.read()) == refused
        talk = running.echo.Talk(metadata=metadata)
        assert await refusal(talk.read()) == refused
        assert servicer.calls == 0
        assert running.record.state is State.UNKNOWN


@pytest.mark.parametrize("shown", ["", "atelier_000000000000_" + "A" * 43, "nonsense"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/echo/say"),
        ("POST", "/v1/echo/repeat"),
        ("GET", "/v1/capabilities/status"),
        ("GET", "/%76%31/capabilities/status"),
        ("POST", "/v1/session"),
    ],
)
async def test_no_key_and_a_wrong_key_are_refused_alike_by_http(
    keys: Keys, shown: str, method: str, path: str
) -> None:
    keys.add()
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        async with web(running.http_port, secret=shown) as session:
            body = {"text": "a"} if method == "POST" else None
            async with session.request(method, path, json=body) as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["status"]) == (401, "UNAUTHENTICATED")
                assert error["details"][0]["reason"] == "API_KEY_REQUIRED"
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="atelier"'


async def test_a_key_opens_both_faces(keys: Keys) -> None:
    secret = keys.add()
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        reply = await running.echo.Say(SAY, metadata=bearer(secret))
        assert reply.text == "a"
        assert (await running.echo.Say(SAY, metadata=(("x-api-key", secret),))).text == "a"
        talk = running.echo.Talk(metadata=bearer(secret))
        await talk.write(SAY)
        assert (await talk.read()).text == "a"
        await talk.done_writing()
        async with web(running.http_port, secret=secret) as session:
            async with session.post("/v1/echo/say", json={"text": "b"}) as answer:
                assert (await answer.json())["text"] == "b"
        async with web(running.http_port) as session:
            async with session.get("/v1/echo/model", headers={"X-Api-Key": secret}) as answer:
                assert answer.status == 200


async def test_the_key_stays_at_the_gateway(keys: Keys) -> None:
    secret = keys.add()
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        shown = (*bearer(secret), ("x-api-key", secret), ("cookie", secret), ("x-own", "kept"))
        reply = await running.echo.Say(SAY, metadata=shown)
        assert "x-own=kept" in reply.metadata
        assert not [entry for entry in reply.metadata if secret in entry]
        async with web(running.http_port, secret=secret) as session:
            headers = {"Grpc-Metadata-Authorization": secret, "Cookie": f"a={secret}"}
            async with session.post("/v1/echo/say", json={"text": "b"}, headers=headers) as answer:
                assert secret not in await answer.text()


async def test_probes_and_pages_need_no_key(keys: Keys) -> None:
    keys.add()
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        health = health_pb2_grpc.HealthStub(running.channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = health_pb2.HealthCheckRequest(service="atelier.echo.v1.EchoService")
        assert (await refusal(health.Check(asked)))[0] is grpc.StatusCode.UNAUTHENTICATED
        assert (await refusal(health.Watch(asked).read()))[0] is grpc.StatusCode.UNAUTHENTICATED
        async with web(running.http_port) as session:
            for path, status in (("/healthz", 200), ("/", 200), ("/v1/nowhere", 404)):
                async with session.get(path) as got:
                    assert got.status == status, path


async def test_a_page_gets_a_cookie_for_its_key(keys: Keys) -> None:
    secret = keys.add()
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        async with web(running.http_port, secret=secret) as session:
            async with session.post("/v1/session") as answer:
                assert answer.status == 204
                cookie = answer.cookies["atelier-session"]
        assert secret not in cookie.value
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
        shown = {"Cookie": f"atelier-session={cookie.value}"}
        async with web(running.http_port) as session:
            async with session.get("/v1/capabilities/status", headers=shown) as answer:
                assert answer.status == 200
            other = {"Cookie": f"atelier-session={cookie.value[:-1]}\xfc"}
            async with session.get("/v1/capabilities/status", headers=other) as answer:
                assert answer.status == 401
            async with session.delete("/v1/session") as answer:
                assert answer.cookies["atelier-session"]["max-age"] == "0"
            keys.remove("ada")
            async with session.get("/v1/capabilities/status", headers=shown) as answer:
                assert answer.status == 401


async def test_a_key_that_is_added_or_removed_counts_at_once(keys: Keys) -> None:
    ada = keys.add("ada")
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        bob = keys.add("bob")
        assert (await running.echo.Say(SAY, metadata=bearer(bob))).text == "a"
        keys.remove("ada")
        code, _ = await refusal(running.echo.Say(SAY, metadata=bearer(ada)))
        assert code is grpc.StatusCode.UNAUTHENTICATED
        keys.path.write_text("{broken")
        assert (await running.echo.Say(SAY, metadata=bearer(bob))).text == "a"
        keys.path.unlink()
        assert (await running.echo.Say(SAY, metadata=bearer(bob))).text == "a"
        code, _ = await refusal(running.echo.Say(SAY))
        assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_plain_text_to_a_tls_port_is_refused(certificates: Certificates) -> None:
    async with running_gateway(1, tls=certificates.settings()) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        code, _ = await refusal(stub.ListCapabilities(gateway_pb2.ListCapabilitiesRequest()))
        assert code is grpc.StatusCode.UNAVAILABLE
        async with web(running.http_port) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get("/healthz")


async def test_tls_is_served_on_both_faces(certificates: Certificates) -> None:
    credentials = certificates.credentials()
    tls = certificates.settings()
    async with running_gateway(1, tls=tls, credentials=credentials) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        answer = await stub.ListCapabilities(gateway_pb2.ListCapabilitiesRequest())
        assert answer.capabilities[0].name == "echo"
        async with web(running.http_port, context=certificates.context()) as session:
            async with session.get("/healthz") as got:
                assert got.status == 200


async def test_a_caller_without_a_certificate_is_refused_where_one_is_asked_for(
    certificates: Certificates,
) -> None:
    tls = certificates.settings(client_ca=str(certificates.folder / "ca.pem"))
    request = gateway_pb2.ListCapabilitiesRequest()
    async with running_gateway(1, tls=tls, credentials=certificates.credentials()) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        assert (await refusal(stub.ListCapabilities(request)))[0] is grpc.StatusCode.UNAVAILABLE
        async with web(running.http_port, context=certificates.context()) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get("/healthz")
        async with web(running.http_port, context=certificates.context("client")) as session:
            async with session.get("/healthz") as got:
                assert got.status == 200
        address = f"127.0.0.1:{running.grpc_port}"
        shown = certificates.credentials("client")
        async with grpc.aio.secure_channel(address, shown) as channel:
            stub = gateway_pb2_grpc.CapabilityServiceStub(channel)
            assert (await stub.ListCapabilities(request)).capabilities


async def test_a_worker_takes_calls_from_its_gateway_only(certificates: Certificates) -> None:
    tls = certificates.settings()
    async with echo_worker(tls=tls) as (port, servicer):
        address = f"127.0.0.1:{port}"
        strangers = [
            (grpc.aio.insecure_channel(address), grpc.StatusCode.UNAVAILABLE),
            (
                grpc.aio.secure_channel(address, certificates.credentials()),
                grpc.StatusCode.UNAVAILABLE,
            ),
            (
                grpc.aio.secure_channel(address, certificates.credentials("client")),
                grpc.StatusCode.PERMISSION_DENIED,
            ),
            (
                grpc.aio.secure_channel(address, certificates.credentials("worker")),
                grpc.StatusCode.UNAVAILABLE,
            ),
        ]
        for channel, expected in strangers:
            async with channel:
                stub = echo_pb2_grpc.EchoServiceStub(channel)
                code, reason = await refusal(stub.Say(SAY))
                assert code is expected
                assert reason == (
                    "NOT_THE_GATEWAY" if code is grpc.StatusCode.PERMISSION_DENIED else ""
                )
                code, _ = await refusal(
                    health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
                )
                assert code is expected
        assert servicer.calls == 0
        credentials = certificates.credentials()
        async with running_gateway(port, tls=tls, credentials=credentials) as running:
            assert (await running.echo.Say(SAY)).text == "a"
            assert [reply async for reply in running.echo.Repeat(SAY)]
            assert running.record.state is State.AVAILABLE


async def test_a_gateway_believes_no_foreign_worker(
    certificates: Certificates, tmp_path: object
) -> None:
    foreign = Certificates.made(certificates.folder / "foreign")
    async with echo_worker(tls=foreign.settings()) as (port, servicer):
        credentials = certificates.credentials()
        async with running_gateway(
            port, tls=certificates.settings(), credentials=credentials
        ) as running:
            code, reason = await refusal(running.echo.Say(SAY))
            assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "WORKER_UNREACHABLE")
            await asyncio.wait_for(running.until(State.UNAVAILABLE), 30)
            assert "by TLS" in running.record.unavailable_reason
        assert servicer.calls == 0
