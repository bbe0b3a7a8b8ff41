"""The spans of a call from either face to its worker: one trace, right parents, true outcomes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from atelier.echo.v1 import echo_pb2
from atelier.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from services.common.settings_jobs import JobSettings
from tests.support.collector import Collector, collecting, tracing_to
from tests.support.gateways import RunningGateway, echo_worker, running_gateway
from tests.support.ports import free_port

SAY = "atelier.echo.v1.EchoService/Say"
REPEAT = "atelier.echo.v1.EchoService/Repeat"
TRACE, BROWSER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{BROWSER}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running, tracing_to(running):
        yield running


@asynccontextmanager
async def traced_gateway(**changes: Any) -> AsyncIterator[RunningGateway]:
    async with echo_worker() as (port, _), running_gateway(port, **changes) as running:
        yield running


async def posted(
    running: RunningGateway, path: str, body: dict[str, object], **headers: str
) -> tuple[int, str]:
    """Asks the HTTP face; the status and what was answered."""
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{running.http_port}") as session,
        session.post(path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def the(collector: Collector, name: str, kind: str = "") -> Any:
    """Waits for the span off the event loop."""
    return await asyncio.to_thread(collector.the, name, kind)


async def test_a_request_of_a_browser_is_one_trace_down_to_the_worker(collector: Collector) -> None:
    async with traced_gateway() as running:
        headers = {"traceparent": PARENT, "tracestate": "shop=1", "x-request-id": "call-7"}
        status, _ = await posted(running, "/v1/echo/say", {"text": "hello"}, **headers)
        assert status == 200
        http = await the(collector, "POST /v1/echo/say")
        sent, served = await the(collector, SAY, "CLIENT"), await the(collector, SAY, "SERVER")
    assert (http.trace_id, http.parent_id, http.kind) == (TRACE, BROWSER, "SERVER")
    assert collector.way_to(served) == ["POST /v1/echo/say", SAY, SAY]
    assert collector.parent_of(served) is sent
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert {span.trace_state for span in collector.spans} == {"shop=1"}
    assert {span.attributes["atelier.call_id"] for span in collector.spans} == {"call-7"}
    assert not any(span.failed for span in collector.spans)


async def test_spans_are_named_as_the_conventions_have_it(collector: Collector) -> None:
    async with traced_gateway() as running:
        await posted(running, "/v1/echo/say", {"text": "hello"})
        http = (await the(collector, "POST /v1/echo/say")).attributes
        sent = (await the(collector, SAY, "CLIENT")).attributes
        served = (await the(collector, SAY, "SERVER")).attributes
        port = running.gateway.monitors[0].target.rpartition(":")[2]
    assert http["http.request.method"] == "POST"
    assert http["http.route"] == http["url.path"] == "/v1/echo/say"
    assert http["http.response.status_code"] == 200
    assert (http["url.scheme"], http["server.address"]) == ("http", "127.0.0.1")
    for attributes in (sent, served):
        assert attributes["rpc.system.name"] == "grpc"
        assert attributes["rpc.method"] == SAY
        assert attributes["rpc.response.status_code"] == "OK"
    assert (sent["server.address"], sent["server.port"]) == ("127.0.0.1", int(port))
    assert sent["atelier.capability"] == "echo"


async def test_what_a_query_holds_stands_in_no_span(collector: Collector) -> None:
    async with traced_gateway() as running:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{running.http_port}") as session:
            answer = await session.get("/v1/echo/model", params={"text": "hidden"})
            assert "hidden" in await answer.text()
        http = await the(collector, "GET /v1/echo/model")
    assert http.attributes["url.path"] == "/v1/echo/model"
    assert "hidden" not in str(collector.spans)


async def test_a_grpc_client_is_one_trace_down_to_the_worker(collector: Collector) -> None:
    async with traced_gateway() as running:
        metadata = (("traceparent", PARENT), ("tracestate", "shop=1"))
        reply = await running.echo.Say(echo_pb2.EchoRequest(text="hello"), metadata=metadata)
        sent = await the(collector, SAY, "CLIENT")
        await asyncio.to_thread(collector.until, lambda: len(collector.spans) == 3)
    face = collector.parent_of(sent)
    [served] = [span for span in collector.spans if span.parent_id == sent.span_id]
    assert (face.kind, face.trace_id, face.parent_id) == ("SERVER", TRACE, BROWSER)
    assert (served.kind, served.trace_id) == ("SERVER", TRACE)
    assert f"traceparent=00-{TRACE}-{sent.span_id}-01" in reply.metadata
    assert "tracestate=shop=1" in reply.metadata
    assert [item for item in reply.metadata if item.startswith("traceparent")] == [
        f"traceparent=00-{TRACE}-{sent.span_id}-01"
    ]
    assert {span.attributes["atelier.call_id"] for span in collector.spans} == {
        face.attributes["atelier.call_id"]
    }


@pytest.mark.parametrize("face", ["grpc", "http"])
async def test_a_stream_is_traced_to_its_end(collector: Collector, face: str) -> None:
    async with traced_gateway() as running:
        if face == "grpc":
            call = running.echo.Repeat(echo_pb2.EchoRequest(times=3))
            assert len([reply async for reply in call]) == 3
        else:
            _, text = await posted(running, "/v1/echo/repeat", {"times": 3})
            assert "event: done" in text
        sent = await the(collector, REPEAT, "CLIENT")
        await asyncio.to_thread(collector.until, lambda: len(collector.spans) == 3)
    assert sent.attributes["rpc.response.status_code"] == "OK"
    outer = collector.parent_of(sent)
    assert outer.began <= sent.began <= sent.ended <= outer.ended


@pytest.mark.parametrize(
    ("code", "reason", "worker_failed", "http_failed"),
    [("INTERNAL", "BROKEN", True, True), ("INVALID_ARGUMENT", "", False, False)],
)
async def test_a_failure_marks_those_whose_fault_it_is(
    collector: Collector, code: str, reason: str, worker_failed: bool, http_failed: bool
) -> None:
    async with traced_gateway() as running:
        await posted(running, "/v1/echo/say", {"fail_code": code, "fail_reason": reason})
        http = await the(collector, "POST /v1/echo/say")
        sent, served = await the(collector, SAY, "CLIENT"), await the(collector, SAY, "SERVER")
    assert sent.failed
    assert (served.failed, http.failed) == (worker_failed, http_failed)
    assert sent.attributes["error.type"] == code
    for span in (sent, served):
        assert span.attributes["rpc.response.status_code"] == code


async def test_a_worker_that_is_away_fails_the_gateways_span(collector: Collector) -> None:
    async with running_gateway(free_port()) as running:
        status, _ = await posted(running, "/v1/echo/say", {"text": "hello"})
        assert status == 503
        sent = await the(collector, SAY, "CLIENT")
        http = await the(collector, "POST /v1/echo/say")
    assert (sent.failed, sent.attributes["error.type"]) == (True, "UNAVAILABLE")
    assert (http.failed, http.attributes["error.type"]) == (True, "503")


async def test_a_caller_that_leaves_ends_all_spans_as_cancelled(collector: Collector) -> None:
    async with traced_gateway() as running:
        call = running.echo.Repeat(echo_pb2.EchoRequest(times=10**6, delay_seconds=0.001))
        assert await call.read() is not None
        call.cancel()
        await the(collector, REPEAT, "CLIENT")
        await asyncio.to_thread(collector.until, lambda: len(collector.spans) == 3)
    assert {span.attributes["rpc.response.status_code"] for span in collector.spans} == {
        "CANCELLED"
    }
    assert [span.kind for span in collector.spans if span.failed] == ["CLIENT"]


async def test_probes_and_pages_that_are_nowhere_get_no_names_of_their_own(
    collector: Collector,
) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    async with traced_gateway() as running:
        await health_pb2_grpc.HealthStub(running.channel).Check(health_pb2.HealthCheckRequest())
        async with aiohttp.ClientSession(f"http://127.0.0.1:{running.http_port}") as session:
            await session.get("/healthz")
            await session.get("/v1/nowhere/7")
            await session.request("PROPFIND", "/v1/echo/say")
        await the(collector, "GET")
        odd = await the(collector, "HTTP")
    assert len(collector.spans) == 2
    assert odd.attributes["http.request.method"] == "_OTHER"


async def test_the_gateways_own_services_are_traced(collector: Collector) -> None:
    from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc

    async with traced_gateway() as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        await stub.ListCapabilities(gateway_pb2.ListCapabilitiesRequest())
        own = await the(collector, "atelier.gateway.v1.CapabilityService/ListCapabilities")
    assert (own.kind, own.attributes["rpc.response.status_code"]) == ("SERVER", "OK")


async def test_a_jobs_attempt_links_to_the_span_that_submitted_it(
    collector: Collector, tmp_path: Path
) -> None:
    jobs = JobSettings(folder=str(tmp_path))
    away = free_port()
    async with running_gateway(away, jobs=jobs) as running:
        job = await submitted(running)
        first = await the(collector, "job attempt")
        submit = await the(collector, "atelier.jobs.v1.JobService/SubmitJob")
    assert (submit.trace_id, submit.parent_id) == (TRACE, BROWSER)
    assert first.attributes["atelier.job.outcome"] == "lost"
    # Another gateway tries again, and knows whose it is.
    async with echo_worker(away), running_gateway(away, jobs=jobs) as running:
        await asyncio.to_thread(collector.until, lambda: len(collector.named("job attempt")) > 1)
        await asyncio.to_thread(
            collector.until, lambda: [s for s in collector.named(SAY) if s.kind == "SERVER"]
        )
    *_, last = collector.named("job attempt")
    served = next(span for span in collector.named(SAY) if span.kind == "SERVER")
    for attempt in collector.named("job attempt"):
        assert attempt.links == [(submit.trace_id, submit.span_id)]
        assert (attempt.parent_id, attempt.attributes["atelier.job.id"]) == ("", job)
        assert attempt.trace_id != TRACE
    assert last.attributes["atelier.job.outcome"] == "done"
    assert collector.way_to(served) == ["job attempt", SAY, SAY]
    assert served.attributes["atelier.call_id"] == last.attributes["atelier.call_id"] == job


async def submitted(running: RunningGateway) -> str:
    """Submits a task as a browser's page does; the job's id."""
    request = jobs_pb2.SubmitJobRequest(method=SAY)
    request.request.Pack(echo_pb2.EchoRequest(text="hello"))
    stub: Any = jobs_pb2_grpc.JobServiceStub(running.channel)
    operation = await stub.SubmitJob(request, metadata=(("traceparent", PARENT),))
    return str(operation.name.removeprefix("operations/"))


async def test_no_call_waits_for_a_collector_that_does_not_answer() -> None:
    with collecting() as collector:
        collector.go.clear()
        with tracing_to(collector):
            async with traced_gateway() as running:
                for _ in range(50):
                    await running.echo.Say(echo_pb2.EchoRequest(text="hello"))
                await asyncio.to_thread(collector.until, lambda: collector.held)
                reply = await running.echo.Say(echo_pb2.EchoRequest(text="still here"))
                assert reply.text == "still here"
                assert collector.held
                assert collector.spans == []


async def test_who_is_not_traced_passes_the_trace_on_as_it_came() -> None:
    async with traced_gateway() as running:
        metadata = (("traceparent", PARENT), ("tracestate", "shop=1"))
        reply = await running.echo.Say(echo_pb2.EchoRequest(), metadata=metadata)
        headers = {"traceparent": PARENT, "tracestate": "shop=1"}
        _, text = await posted(running, "/v1/echo/say", {}, **headers)
    for seen in (str(list(reply.metadata)), text):
        assert f"traceparent={PARENT}" in seen
        assert "tracestate=shop=1" in seen
