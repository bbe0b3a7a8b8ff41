"""Nobody is let in by mistake: loopback by default, and a clear no to an open door elsewhere."""

import socket
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.common.certificates import write_certificates
from services.common.settings import (
    AccessSettings,
    GatewaySettings,
    Settings,
    SettingsError,
    load_settings,
    load_worker,
)
from services.common.settings_access import is_loopback
from services.gateway.gateway import Gateway
from services.llm.settings import LlmSettings
from tests.support.gateways import echo_worker, running_gateway
from tests.support.locked import Certificates, Keys, web


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "::", "192.168.0.1", "gateway", "localhost.evil")],
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_defaults_listen_on_loopback_only() -> None:
    settings = load_settings(env={})
    assert is_loopback(settings.gateway.host)
    assert all(is_loopback(row.host) for row in settings.capabilities)


async def gateway_on(host: str, access: AccessSettings) -> Gateway:
    return Gateway(
        Settings(
            gateway=GatewaySettings(host=host, grpc_port=0, http_port=0, metrics_port=0),
            access=access,
        )
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1"])
async def test_a_gateway_without_keys_listens_nowhere_else(host: str, keys: Keys) -> None:
    with pytest.raises(SettingsError, match=r"^gateway\.host: .* `atelier keys add NAME`"):
        await gateway_on(host, keys.settings)


async def test_it_does_with_keys_or_when_it_is_told_so(keys: Keys) -> None:
    told = AccessSettings(keys_file=str(keys.path), allow_public_without_key=True)
    await gateway_on("0.0.0.0", told)
    keys.add()
    await gateway_on("0.0.0.0", keys.settings)


async def test_a_missing_keys_file_can_be_an_error(keys: Keys) -> None:
    access = AccessSettings(keys_file=str(keys.path), require_key=True)
    with pytest.raises(SettingsError, match=r"^access\.require_key: "):
        await gateway_on("127.0.0.1", access)


async def test_it_listens_on_an_address_of_ipv6_too() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with (
        echo_worker() as (port, _),
        running_gateway(port, host="::1") as running,
        grpc.aio.insecure_channel(f"[::1]:{running.grpc_port}") as channel,
        aiohttp.ClientSession(f"http://[::1]:{running.http_port}") as browser,
    ):
        stub: Any = gateway_pb2_grpc.CapabilityServiceStub(channel)
        answer = await stub.ListCapabilities(gateway_pb2.ListCapabilitiesRequest())
        assert [capability.state for capability in answer.capabilities] == ["available"]
        async with browser.get("/healthz") as answered:
            assert answered.status == 200


async def test_a_keys_file_that_cannot_be_looked_at_is_not_taken_for_none() -> None:
    with pytest.raises(SettingsError, match=r"^access\.keys_file: .* cannot be looked at"):
        await gateway_on("127.0.0.1", AccessSettings(keys_file="x" * 300))


def worker_with(env: dict[str, str]) -> LlmSettings:
    return load_worker("llm", LlmSettings, env={f"ATELIER_{key}": env[key] for key in env})


def test_a_worker_without_mutual_tls_listens_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^capabilities\.llm\.host: .* tls\.folder"):
        worker_with({"LLM_HOST": "0.0.0.0"})
    write_certificates(tmp_path, (), 1)
    worker_with({"LLM_HOST": "0.0.0.0", "TLS_FOLDER": str(tmp_path)})
    worker_with({"LLM_HOST": "0.0.0.0", "ACCESS_ALLOW_PUBLIC_WORKERS": "true"})


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *[(name, 200) for name in ("localhost:8080", "127.0.0.1", "[::1]:8080", "a.localhost")],
        *[(name, 403) for name in ("evil.example", "localhost.evil.example:8080", "", "x y")],
        ("studio.example:443", 200),
    ],
)
async def test_a_foreign_name_for_this_machine_is_refused(host: str, status: int) -> None:
    access = AccessSettings(keys_file="nowhere", allowed_hosts=("studio.example",))
    async with running_gateway(1, access=access) as running:
        async with web(running.http_port) as session:
            for path in ("/healthz", "/v1/capabilities/status", "/"):
                async with session.get(path, headers={"Host": host}) as answer:
                    assert answer.status == status
                    if status == 403:
                        error = (await answer.json())["error"]
                        assert error["details"][0]["reason"] == "HOST_NOT_ALLOWED"


async def test_reflection_can_be_switched_off(certificates: Certificates) -> None:
    import grpc
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    access = AccessSettings(keys_file="nowhere", reflection=False)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    async with echo_worker(access=access) as (port, _):
        async with running_gateway(port, access=access) as running:
            for server in (port, running.grpc_port):
                async with grpc.aio.insecure_channel(f"127.0.0.1:{server}") as channel:
                    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await stub.ServerReflectionInfo(iter([asked])).read()
                    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
