"""No secret stands in a log, an error, a metric or an answer."""

import logging

import grpc
import pytest

from atelier.echo.v1 import echo_pb2
from services.common import tls
from services.common.settings import SettingsError
from tests.support.gateways import echo_worker, running_gateway
from tests.support.locked import Certificates, Keys, bearer, web


async def test_a_key_is_in_no_log_no_error_and_no_metric(
    keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = keys.add("ada", concurrent=2)
    wrong = secret[:-3] + "xyz"
    said: list[str] = []
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        for shown in (secret, wrong):
            for fields in ({}, {"fail_code": "INTERNAL"}, {"fail_code": "INTERNAL", "times": 2}):
                request = echo_pb2.EchoRequest(text="a", **fields)
                try:
                    said.append(str(await running.echo.Say(request, metadata=bearer(shown))))
                except grpc.aio.AioRpcError as error:
                    said.append(f"{error!r} {error.trailing_metadata()}")
            async with web(running.http_port, secret=shown) as session:
                for path in ("/v1/echo/model", f"/v1/echo/model?key={shown}", "/v1/nowhere", "/"):
                    async with session.get(path) as answer:
                        said.append(f"{await answer.text()} {answer.headers}")
                async with session.post("/v1/echo/say", data=b"{broken") as answer:
                    said.append(await answer.text())
                async with session.post("/v1/session") as answer:
                    said.append(f"{await answer.text()} {answer.headers}")
        from prometheus_client import generate_latest

        said.append(generate_latest(running.gateway.registry).decode())
    said += [f"{record.getMessage()} {record.exc_text}" for record in caplog.records]
    for text in said:
        for part in (secret, wrong, secret.split("_", 2)[2], keys.path.read_text()):
            assert part not in text


def test_a_private_key_is_in_no_error(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    live = tls.LiveIdentity(certificates.settings().faces)  # type: ignore[arg-type]  # it has one
    file = certificates.folder / "faces.key"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-2]))
    live.current()
    with pytest.raises(SettingsError) as caught:
        tls.load(live.identity)
    said = f"{caught.value} {caplog.text}"
    assert "keeping the certificate" in said
    assert not [line for line in lines if line in said]
