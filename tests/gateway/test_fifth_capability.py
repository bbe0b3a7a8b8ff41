"""A fifth capability is one proto, one folder and one row: no line of the gateway knows it."""

import asyncio
import json
import subprocess
from pathlib import Path

import aiohttp
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.settings import SettingsError, load_settings
from tests.support.echo.worker import SERVICE
from tests.support.gateways import echo_worker, running_gateway
from tests.support.tools import required_tool

ROOT = Path(__file__).resolve().parents[2]
ROW = f"""
[capabilities.echo]
service = "{SERVICE}"
port = 50055
metrics_port = 9405
model = "none"
"""


def test_nothing_but_its_own_folder_knows_it() -> None:
    for path in (ROOT / "services").rglob("*.py"):
        assert "echo.v1" not in path.read_text(encoding="utf-8"), path


def test_its_row_is_enough_for_the_settings(tmp_path: Path) -> None:
    settings = tmp_path / "atelier.toml"
    settings.write_text((ROOT / "atelier.toml").read_text(encoding="utf-8") + ROW)
    row = load_settings(settings, {}).capabilities[-1]
    assert (row.name, row.stub_module) == ("echo", "atelier.echo.v1.echo_pb2")


def test_two_rows_cannot_have_one_service(tmp_path: Path) -> None:
    settings = tmp_path / "atelier.toml"
    other = ROW.replace("echo]", "other]").replace("50055", "50056").replace("9405", "9406")
    settings.write_text(ROW + other)
    with pytest.raises(SettingsError, match=r"capabilities\.other\.service: .* is echo's"):
        load_settings(settings, {})


async def test_it_is_there_by_reflection_and_by_grpc() -> None:
    grpcurl = required_tool("grpcurl")
    async with echo_worker() as (port, _), running_gateway(port) as running:
        address = f"127.0.0.1:{running.grpc_port}"
        called = await asyncio.to_thread(
            subprocess.run,
            [grpcurl, "-plaintext", "-d", '{"text": "hi"}', address, f"{SERVICE}/Say"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert called.returncode == 0, called.stderr
        assert json.loads(called.stdout)["text"] == "hi"


async def test_it_is_there_by_http_health_and_metrics() -> None:
    async with (
        echo_worker() as (port, _),
        running_gateway(port) as running,
        aiohttp.ClientSession(f"http://127.0.0.1:{running.http_port}") as http,
    ):
        async with http.post("/v1/echo/say", json={"text": "hi"}) as answer:
            assert (answer.status, (await answer.json())["text"]) == (200, "hi")
        async with http.post("/v1/echo/repeat", json={"text": "hi", "times": 3}) as answer:
            assert (await answer.text()).count('"text": "hi"') == 3
        async with http.get("/v1/capabilities/echo") as answer:
            assert (await answer.json())["state"] == "available"
        check = health_pb2_grpc.HealthStub(running.channel).Check
        serving = await check(health_pb2.HealthCheckRequest(service=SERVICE))
        assert serving.status == health_pb2.HealthCheckResponse.SERVING
        assert running.gateway.registry.get_sample_value(
            "atelier_capability_state", {"capability": "echo", "state": "available"}
        )
