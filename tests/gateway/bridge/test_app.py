import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import grpc
import pytest
from google.api import httpbody_pb2
from google.rpc import error_details_pb2, status_pb2
from yarl import URL

from services.gateway.bridge import BridgeOptions, HttpServer, Pace, build_app
from services.gateway.bridge.backend import CallFailed
from tests.support import bridge_toy
from tests.support.bridge_backend import (
    Endless,
    FakeBackend,
    Slow,
    answering,
    failing,
    never,
    streaming,
)
from tests.support.bridge_client import ServerEvent, blocks, bridge, events

LIBRARY = "/toy.library.v1.LibraryService"


def happening(**fields: Any) -> bytes:
    return bytes(bridge_toy.message("Happening", **fields).SerializeToString())


def book(**fields: Any) -> bytes:
    return bytes(bridge_toy.message("Book", **fields).SerializeToString())


def chunk(data: bytes, content_type: str = "") -> bytes:
    return bytes(httpbody_pb2.HttpBody(content_type=content_type, data=data).SerializeToString())


def broken(code: str = "UNAVAILABLE") -> CallFailed:
    return CallFailed(grpc.StatusCode[code], "worker lost", capability="toy")


async def error_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    error: dict[str, Any] = (await response.json())["error"]
    assert error["code"] == response.status
    return error


def violations(error: dict[str, Any]) -> dict[str, str]:
    return {
        violation["field"]: violation["description"]
        for detail in error["details"]
        for violation in detail.get("field_violations", ())
    }


def reason(error: dict[str, Any]) -> str:
    return next(str(detail["reason"]) for detail in error["details"] if "reason" in detail)


# ---- unary calls


async def test_a_unary_call_goes_out_as_bytes_and_comes_back_as_json() -> None:
    backend = FakeBackend()
    async with bridge(backend) as http:
        response = await http.put("/v1/toy/books/7", json={"title": "T"})
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "atelier"
        answer = await response.json()
    assert answer == {"name": "", "id": "7", "title": "T", "kind": "KIND_UNSPECIFIED"}
    assert backend.calls[0].method == f"{LIBRARY}/ReplaceBook"
    assert backend.calls[0].timeout_seconds is None


async def test_bytes_go_in_and_out_with_their_type() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post(
            "/v1/toy/upload", data=b"\x00\xff" * 100_000, headers={"Content-Type": "image/png"}
        )
        assert response.content_type == "image/png"
        assert await response.read() == b"\x00\xff" * 100_000


async def test_a_large_body_is_read_beside_the_loop() -> None:
    words = ["x" * 1000] * 1000
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/echo", json={"words": words})
        assert (await response.json())["words"] == words
        wrong = await http.post("/v1/toy/echo", json={"words": [*words, 3]})
        assert set(violations(await error_of(wrong))) == {"words[1000]"}


async def test_the_calls_id_trace_deadline_and_metadata_travel_on() -> None:
    backend = FakeBackend()
    given = {
        "x-request-id": "id-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-request-timeout": "2.5",
        "grpc-metadata-tenant": "blue",
    }
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7", headers=given)
        assert response.headers["x-request-id"] == "id-1"
        unnamed = await http.get("/v1/toy/books/7")
        assert len(unnamed.headers["x-request-id"]) == 16
    assert dict(backend.calls[0].metadata) == {
        "x-request-id": "id-1",
        "traceparent": given["traceparent"],
        "tenant": "blue",
    }
    assert backend.calls[0].timeout_seconds == pytest.approx(2.5)
    assert ("x-request-id", unnamed.headers["x-request-id"]) in backend.calls[1].metadata


async def test_a_failed_call_keeps_its_status_and_details() -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromSeconds(3)
    details = status_pb2.Status(code=8, message="full")
    details.details.add().Pack(retry)
    full = CallFailed(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", details=details, capability="toy")
    backend = FakeBackend(unaries={f"{LIBRARY}/GetBook": failing(full)})
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7")
        error = await error_of(response)
    assert (response.status, response.headers["Retry-After"]) == (429, "3")
    assert (error["status"], error["message"]) == ("RESOURCE_EXHAUSTED", "full")
    assert error["capability"] == "toy"
    assert error["details"] == [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": "3s"}
    ]


async def test_a_fault_of_the_bridge_is_logged_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = FakeBackend(unaries={f"{LIBRARY}/GetBook": failing(KeyError("inside"))})
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7")
        error = await error_of(response)
    assert response.status == 500
    assert response.headers["x-request-id"] in error["message"]
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)


async def test_a_response_that_does_not_parse_is_the_gateways_fault() -> None:
    backend = FakeBackend(unaries={f"{LIBRARY}/GetBook": answering(b"\xff")})
    async with bridge(backend) as http:
        assert (await http.get("/v1/toy/books/7")).status == 500


async def test_a_client_that_leaves_cancels_its_call() -> None:
    backend = FakeBackend(unaries={f"{LIBRARY}/GetBook": never})
    async with bridge(backend) as http:
        call = asyncio.ensure_future(http.get("/v1/toy/books/7"))
        await backend.called.wait()
        call.cancel()
        await backend.cancelled.wait()


# ---- requests that are refused


async def test_a_wrong_field_is_named_with_what_it_takes() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/echo", json={"books": [{"id": "x"}], "texd": "a"})
        error = await error_of(response)
    assert (response.status, error["status"]) == (400, "INVALID_ARGUMENT")
    assert set(violations(error)) == {"books[0].id", "texd"}
    assert "did you mean 'text'" in violations(error)["texd"]


async def test_json_that_is_broken_is_told_where() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post(
            "/v1/toy/echo", data=b'{"text": ', headers={"Content-Type": "application/json"}
        )
        error = await error_of(response)
    assert (response.status, reason(error)) == (400, "MALFORMED_JSON")
    assert "line 1 column 10" in violations(error)["body"]


async def test_another_content_type_is_refused() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/echo", data={"text": "a"})
        error = await error_of(response)
    assert (response.status, reason(error)) == (415, "UNSUPPORTED_CONTENT_TYPE")
    assert "application/x-www-form-urlencoded" in error["message"]


async def test_an_unknown_path_names_its_neighbours() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/ecko")
        error = await error_of(response)
    assert (response.status, reason(error)) == (404, "ROUTE_NOT_FOUND")
    assert "did you mean POST /v1/toy/echo or" in error["message"]


async def test_a_path_with_another_method_says_which_it_takes() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/books/7")
        error = await error_of(response)
    assert (response.status, response.headers["Allow"]) == (405, "DELETE, GET, PATCH, PUT")
    assert reason(error) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused_with_the_limit(announced: bool) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100

    body = b"x" * 2000 if announced else pieces()
    async with bridge(FakeBackend(), BridgeOptions(max_body_bytes=1000)) as http:
        response = await http.post(
            "/v1/toy/echo", data=body, headers={"Content-Type": "application/json"}
        )
        error = await error_of(response)
    assert (response.status, reason(error)) == (413, "BODY_TOO_LARGE")
    assert "1000 bytes" in error["message"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zzz"])
async def test_a_compressed_body_is_refused(encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    async with bridge(FakeBackend()) as http:
        response = await http.post("/v1/toy/echo", data=b"\x1f\x8b broken", headers=headers)
        error = await error_of(response)
    assert response.status == 415
    assert "uncompressed" in error["message"]


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    async def never_ending() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with bridge(FakeBackend(), BridgeOptions(body_seconds=0.2)) as http:
        response = await http.post(
            "/v1/toy/echo", data=never_ending(), headers={"Content-Type": "application/json"}
        )
        assert response.status == 408


async def test_what_is_no_http_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with bridge(FakeBackend()) as http:
        url = http._base_url
        assert url is not None
        assert url.port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", url.port)
        writer.write(b"\x00\x01 garbage\r\n\r\n")
        assert b"400" in await reader.read()
        writer.close()
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grpc-timeout", "soon"),
        ("x-request-timeout", "-1"),
        ("grpc-metadata-grpc-x", "1"),
        ("grpc-metadata-x-bin", "*"),
    ],
)
async def test_a_wrong_header_is_named(name: str, value: str) -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.get("/v1/toy/books/7", headers={name: value})
        error = await error_of(response)
    assert response.status == 400
    assert set(violations(error)) == {name}


async def test_a_path_cannot_write_a_line_of_its_own_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with bridge(FakeBackend()) as client:
        with caplog.at_level(logging.INFO):
            await client.get(URL("/v1/%0aERROR%00forged", encoded=True))
    [line] = [record.getMessage() for record in caplog.records if "forged" in record.getMessage()]
    assert "%0AERROR%00forged" in line.upper().replace("FORGED", "forged")
    assert "\n" not in line


async def test_a_path_that_is_not_utf_8_is_refused() -> None:
    async with bridge(FakeBackend()) as http:
        response = await http.get(URL("/v1/toy/files/%ff", encoded=True))
    assert response.status == 400


# ---- pages of other origins


async def test_a_configured_origin_may_call_and_read_streams_too() -> None:
    origin = {"Origin": "http://localhost:5173"}
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": streaming([happening(text="a")])})
    options = BridgeOptions(cors_origins=("http://localhost:5173",))
    async with bridge(backend, options) as http:
        ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
        preflight = await http.options("/v1/toy/happen", headers=origin | ask)
        assert preflight.status == 204
        assert preflight.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
        assert preflight.headers["Access-Control-Allow-Headers"] == "x-a"
        for path in ("/v1/toy/happen", "/v1/toy/echo", "/v1/nowhere"):
            response = await http.post(path, json={}, headers=origin)
            assert response.headers["Access-Control-Allow-Origin"] == origin["Origin"]


async def test_a_foreign_page_starts_no_work() -> None:
    backend = FakeBackend()
    async with bridge(backend) as http:
        foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        response = await http.post("/v1/toy/echo", headers=foreign)
        error = await error_of(response)
    assert (response.status, reason(error)) == (403, "ORIGIN_NOT_ALLOWED")
    assert not backend.calls


# ---- streams


async def test_a_stream_is_events_with_a_name_a_number_and_an_end() -> None:
    messages = [happening(progress=0), happening(text="ä\n\r\nb"), b""]
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": streaming(messages)})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen", json={"years": [1]})
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert response.headers["Cache-Control"] == "no-cache, no-transform"
        received = [event async for event in events(response)]
    assert received == [
        ServerEvent("progress", {"progress": 0}, "0"),
        ServerEvent("text", {"text": "ä\n\r\nb"}, "1"),
        ServerEvent("message", {}, "2"),
        ServerEvent("done", {}, "3"),
    ]


async def test_a_case_called_like_a_final_event_has_no_name() -> None:
    messages = [happening(done=bridge_toy.message("Book"))]
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": streaming(messages)})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        names = [event.name async for event in events(response)]
    assert names == ["message", "done"]


async def test_a_call_that_fails_before_its_first_message_is_a_plain_error() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": streaming([], broken("NOT_FOUND"))})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        error = await error_of(response)
    assert (response.status, error["message"]) == (404, "worker lost")
    assert response.content_type == "application/json"


async def test_a_call_that_fails_later_ends_with_the_error_as_an_event() -> None:
    failing_later = streaming([happening(text="a")], broken())
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": failing_later})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        received = [event async for event in events(response)]
    assert [event.name for event in received] == ["text", "error"]
    assert received[1].data["error"]["code"] == 503
    assert received[1].data["error"]["capability"] == "toy"


async def test_an_empty_stream_is_only_its_end() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": streaming([])})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        assert [event.name async for event in events(response)] == ["done"]


async def test_a_silent_stream_gives_signs_of_life() -> None:
    slow = Slow()
    backend = FakeBackend(streams={f"{LIBRARY}/WatchBooks": slow})
    options = BridgeOptions(pace=Pace(heartbeat_seconds=0.01))
    async with bridge(backend, options) as http:
        response = await http.get("/v1/toy/books:watch")
        received = blocks(response)
        assert await anext(received) == [": still here"]
        assert await anext(received) == [": still here"]
        slow.queue.put_nowait(book(id=1))
        while (block := await anext(received)) == [": still here"]:
            pass
        assert block[0] == "id: 0"
        assert json.loads(block[1].removeprefix("data: "))["id"] == "1"
        slow.queue.put_nowait(None)
        assert "event: done" in [line async for block in received for line in block]


async def test_a_reader_that_leaves_cancels_the_call_between_two_messages() -> None:
    slow = Slow()
    backend = FakeBackend(streams={f"{LIBRARY}/WatchBooks": slow})
    async with bridge(backend) as http:
        slow.queue.put_nowait(book(id=1))
        response = await http.get("/v1/toy/books:watch")
        await anext(events(response))
        response.close()
        await backend.cancelled.wait()


async def test_a_reader_that_leaves_in_the_middle_of_many_messages_cancels_the_call() -> None:
    endless = Endless(happening(text="x" * 1000))
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": endless})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        await anext(events(response))
        response.close()
        await backend.cancelled.wait()


async def test_a_slow_reader_slows_the_call() -> None:
    endless = Endless(happening(text="x" * 100_000))
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": endless})
    async with bridge(backend) as http:
        response = await http.post("/v1/toy/happen")
        await anext(events(response))
        # It has stood still when a thousand turns of the loop bring nothing new.
        taken, still = endless.taken, 0
        while still < 1000:
            await asyncio.sleep(0)
            taken, still = (taken, still + 1) if taken == endless.taken else (endless.taken, 0)
        assert endless.taken * 100_000 < 32 * 1024 * 1024
        assert not backend.cancelled.is_set()
        response.close()


async def test_a_reader_that_takes_nothing_for_too_long_is_cut_off() -> None:
    endless = Endless(happening(text="x" * 100_000))
    backend = FakeBackend(streams={f"{LIBRARY}/Happen": endless})
    options = BridgeOptions(pace=Pace(stalled_seconds=0.05))
    async with bridge(backend, options) as http:
        response = await http.post("/v1/toy/happen")
        await backend.cancelled.wait()
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_stream_of_bytes_is_one_body() -> None:
    messages = [chunk(b"RI", "audio/wav"), chunk(b""), chunk(b"FF", "text/html")]
    backend = FakeBackend(streams={f"{LIBRARY}/Download": streaming(messages)})
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7:download")
        assert response.content_type == "audio/wav"
        assert await response.read() == b"RIFF"


async def test_an_empty_stream_of_bytes_is_an_empty_body() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/Download": streaming([])})
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7:download")
        assert (response.status, await response.read()) == (200, b"")


async def test_a_stream_of_bytes_that_fails_is_cut_off() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/Download": streaming([chunk(b"RI")], broken())})
    async with bridge(backend) as http:
        response = await http.get("/v1/toy/books/7:download")
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_stream_of_bytes_that_never_begins_is_a_plain_error() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/Download": streaming([], broken())})
    async with bridge(backend) as http:
        assert (await http.get("/v1/toy/books/7:download")).status == 503


# ---- the server


async def test_other_routes_may_stand_beside_the_declared_ones() -> None:
    from aiohttp import web

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = build_app(FakeBackend(), bridge_toy.pool(), [bridge_toy.SERVICE])
    app.router.add_get("/v1/models", hello)
    server = HttpServer(app, host="127.0.0.1", port=0, grace_seconds=0.1)
    port = await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        assert await (await http.get("/v1/models")).text() == "hello"
        assert (await http.get("/v1/toy/books/7")).status == 200
    await server.stop()


async def test_a_server_that_stops_cancels_what_does_not_end() -> None:
    backend = FakeBackend(streams={f"{LIBRARY}/WatchBooks": Slow()})
    app = build_app(
        backend,
        bridge_toy.pool(),
        [bridge_toy.SERVICE],
        BridgeOptions(pace=Pace(heartbeat_seconds=0.01)),
    )
    server = HttpServer(app, host="127.0.0.1", port=0, grace_seconds=0.1)
    port = await server.start()
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        http.get("/v1/toy/books:watch"),
    ):
        await server.stop()
        await server.stop()
    assert backend.cancelled.is_set()


async def test_a_port_that_is_taken_is_an_error() -> None:
    app = build_app(FakeBackend(), bridge_toy.pool(), [bridge_toy.SERVICE])
    first = HttpServer(app, host="127.0.0.1", port=0)
    port = await first.start()
    other = build_app(FakeBackend(), bridge_toy.pool(), [bridge_toy.SERVICE])
    with pytest.raises(OSError, match="in use"):
        await HttpServer(other, host="127.0.0.1", port=port).start()
    await first.stop()
