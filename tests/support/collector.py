"""A collector of spans: a real OTLP server on a free port, by HTTP and by gRPC, that keeps all."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as stubs
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from services.common import tracing
from services.common.settings_telemetry import TelemetrySettings

PATIENCE_SECONDS = 60.0
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "20"}
"""Lets spans be sent at once, as a test wants them."""


@dataclass(frozen=True)
class Received:
    """A span as it came."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    """"" for a root."""
    kind: str
    """"SERVER", "CLIENT", "INTERNAL"."""
    attributes: dict[str, Any]
    process: dict[str, Any]
    """What its resource says."""
    failed: bool
    began: int
    ended: int
    """Nanoseconds since 1970."""
    trace_state: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    """Trace and span of each."""
    events: list[str] = field(default_factory=list)


class Collector:
    """What has come so far."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.held = 0
        """How many requests wait for `go`."""
        self.go = threading.Event()
        """Requests are answered once it is set."""
        self.go.set()
        self.refuses = False
        """Whether it answers that it cannot be used now."""
        self.refused: list[str] = []
        """The process of each request that was refused."""
        self.endpoint = ""
        self._changed = threading.Condition()

    def take(self, request: messages.ExportTraceServiceRequest) -> None:
        """Keeps the spans of a request."""
        with self._changed:
            for group in request.resource_spans:
                process = _values(group.resource.attributes)
                for scope in group.scope_spans:
                    self.spans += [_received(span, process) for span in scope.spans]
            self._changed.notify_all()

    def refuse(self, request: messages.ExportTraceServiceRequest) -> None:
        """Notes who has tried."""
        with self._changed:
            process = _values(request.resource_spans[0].resource.attributes)
            self.refused.append(process["atelier.process"])
            self._changed.notify_all()

    def hold(self) -> None:
        """Waits for `go`."""
        with self._changed:
            self.held += 1
            self._changed.notify_all()
        self.go.wait(PATIENCE_SECONDS)
        with self._changed:
            self.held -= 1

    def until(self, condition: Callable[[], object]) -> None:
        """Waits until the condition holds, which is looked at whenever something comes."""
        with self._changed:
            if not self._changed.wait_for(condition, PATIENCE_SECONDS):
                raise AssertionError(f"only these came: {[span.name for span in self.spans]}")

    def named(self, name: str) -> list[Received]:
        """The spans of that name, in the order of their beginning."""
        return sorted((s for s in self.spans if s.name == name), key=lambda span: span.began)

    def the(self, name: str, kind: str = "") -> Received:
        """Waits for a span of that name, the only one of its kind."""

        def found() -> list[Received]:
            return [span for span in self.named(name) if kind in ("", span.kind)]

        self.until(found)
        [span] = found()
        return span

    def parent_of(self, span: Received) -> Received:
        """Waits for the span that a span is a part of."""
        self.until(lambda: [s for s in self.spans if s.span_id == span.parent_id])
        return next(s for s in self.spans if s.span_id == span.parent_id)

    def way_to(self, span: Received) -> list[str]:
        """The names from the outermost span that came down to this one."""
        names = [span.name]
        while any(item.span_id == span.parent_id for item in self.spans):
            span = self.parent_of(span)
            names.insert(0, span.name)
        return names


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that speaks OTLP by HTTP."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            if not collector.go.is_set():
                collector.hold()
            request = messages.ExportTraceServiceRequest.FromString(body)
            if collector.refuses:
                collector.refuse(request)
                self.send_error(500)
                return
            collector.take(request)
            answer = messages.ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        collector.go.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def collecting_by_grpc() -> Iterator[Collector]:
    """A collector that speaks OTLP by gRPC."""
    collector = Collector()

    class Servicer(stubs.TraceServiceServicer):
        def Export(self, request, context):
            collector.take(request)
            return messages.ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(2))
    stubs.add_TraceServiceServicer_to_server(Servicer(), server)
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


@contextmanager
def tracing_to(collector: Collector, process: str = "test", **variables: str) -> Iterator[None]:
    """Traces this process to the collector; `variables` of OpenTelemetry are set meanwhile."""
    before = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    for name in before:
        del os.environ[name]
    os.environ.update(QUICK | variables)
    try:
        tracing.start(TelemetrySettings(traces=True, endpoint=collector.endpoint), process)
        yield
    finally:
        tracing.stop()
        for name in QUICK | variables:
            os.environ.pop(name, None)
        os.environ.update(before)


def _received(span: trace_pb2.Span, process: dict[str, Any]) -> Received:
    return Received(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        attributes=_values(span.attributes),
        process=process,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        trace_state=span.trace_state,
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        events=[event.name for event in span.events],
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {
        item.key: getattr(item.value, str(item.value.WhichOneof("value"))) for item in attributes
    }
