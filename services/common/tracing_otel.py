"""The tracer that records, by OpenTelemetry's SDK: what tracing.Tracer promises, and no more.

Knows W3C's trace context and OpenTelemetry's spans; who receives them, tracing_export knows. This
and that are the only modules that import OpenTelemetry.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.common import call_id
from services.common.cancellation import JobCancelled
from services.common.errors import AtelierError
from services.common.settings_table import SettingsError
from services.common.settings_telemetry import TelemetrySettings
from services.common.tracing import CALL_ID, Attributes, Metadata, Span, Tracer, Value
from services.common.tracing_clock import TracingClock
from services.common.tracing_export import is_wanted, open_exporter, resource_of

FLUSH_SECONDS = 2.0
"""How long a process that ends may go on sending its last spans."""
CANCELLED = "atelier.cancelled"
_CANCELLATIONS = (asyncio.CancelledError, GeneratorExit, JobCancelled)
_PROPAGATOR = TraceContextTextMapPropagator()
_CLOCK = TracingClock()


def open_tracer(settings: TelemetrySettings, process: str) -> Tracer:
    """A tracer for the process. Raises SettingsError for what OTEL_* says and cannot be."""
    if not is_wanted():
        return Tracer()
    try:
        # Ended by close(), not when Python ends: that could take half a minute.
        provider = TracerProvider(resource=resource_of(process), shutdown_on_exit=False)
        return OtelTracer(provider, open_exporter(settings.endpoint))
    except SettingsError:
        raise
    except ValueError as error:
        raise SettingsError(
            "telemetry.traces", f"cannot be, for what an OTEL_ variable says: {error}"
        ) from None


class OtelTracer(Tracer):
    """Records, and lets an exporter send what it has recorded from a thread of its own."""

    records = True

    def __init__(self, provider: TracerProvider, exporter: SpanExporter) -> None:
        """Raises ValueError for a variable of the SDK that cannot be."""
        self._exporter = exporter
        self._provider = provider
        provider.add_span_processor(_CallIds())
        provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = provider.get_tracer("atelier")

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None) -> Iterator[Span]:
        """See Tracer."""
        span = self._tracer.start_span(name, attributes=attributes)
        with _current(span) as recorded, _marked(recorded):
            yield recorded

    def begin(
        self, name: str, attributes: Attributes | None = None, parent: Span | None = None
    ) -> Span:
        """See Tracer."""
        return _Recorded(
            self._tracer.start_span(name, context=_inside(parent), attributes=attributes)
        )

    def record(
        self,
        name: str,
        began: float,
        ended: float,
        attributes: Attributes | None = None,
        parent: Span | None = None,
    ) -> None:
        """See Tracer."""
        span = self._tracer.start_span(
            name,
            context=_inside(parent),
            attributes=attributes,
            start_time=_CLOCK.nanoseconds(began),
        )
        span.end(_CLOCK.nanoseconds(ended))

    @contextmanager
    def server(self, name: str, metadata: Metadata, attributes: Attributes) -> Iterator[Span]:
        """See Tracer."""
        span = self._tracer.start_span(
            name,
            context=_PROPAGATOR.extract(_carrier(metadata), Context()),
            kind=trace.SpanKind.SERVER,
            attributes=attributes,
        )
        with _current(span) as recorded:
            yield recorded

    def client(
        self, name: str, metadata: list[tuple[str, str | bytes]], attributes: Attributes
    ) -> Span:
        """See Tracer."""
        identity = call_id.current.get()
        if identity != call_id.NONE:
            trace.get_current_span().set_attribute(CALL_ID, identity)
        span = self._tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
        metadata[:] = [pair for pair in metadata if pair[0] not in call_id.TRACE_KEYS]
        metadata.extend(carrier.items())
        return _Recorded(span)

    @contextmanager
    def root(self, name: str, follows: str, attributes: Attributes) -> Iterator[Span]:
        """See Tracer."""
        before = _PROPAGATOR.extract({call_id.TRACE_KEYS[0]: follows}, Context())
        linked = trace.get_current_span(before).get_span_context()
        span = self._tracer.start_span(
            name,
            context=Context(),
            links=[trace.Link(linked)] if linked.is_valid else [],
            attributes=attributes,
        )
        with _current(span) as recorded, _marked(recorded):
            yield recorded

    def current(self) -> Span:
        """See Tracer."""
        return _Recorded(trace.get_current_span())

    def traceparent(self) -> str:
        """See Tracer."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get(call_id.TRACE_KEYS[0], "")

    def ids(self) -> tuple[str, str] | None:
        """See Tracer."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return None
        return trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)

    def close(self) -> None:
        """See Tracer."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)
        if closing.is_alive():
            # Breaks off a pause between two tries; what is not sent by now is lost.
            self._exporter.shutdown()


class _Recorded(Span):
    def __init__(self, span: trace.Span) -> None:
        self.span = span

    def set(self, name: str, value: Value) -> None:
        self.span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self.span.update_name(name)

    def fail(self, kind: str) -> None:
        self.span.set_attribute("error.type", kind)
        self.span.set_status(trace.StatusCode.ERROR)

    def end(self, at: float | None = None) -> None:
        # One that is not sampled never records, and one that has ended does no more.
        if self.span.is_recording():
            self.span.end(None if at is None else _CLOCK.nanoseconds(at))

    def __exit__(self, *_error: object) -> None:
        self.end()


class _CallIds(SpanProcessor):
    """Writes the call's id on every span that begins inside of one."""

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:  # noqa: ARG002  # the SDK's form
        identity = call_id.current.get()
        if identity != call_id.NONE:
            span.set_attribute(CALL_ID, identity)


@contextmanager
def _current(span: trace.Span) -> Iterator[_Recorded]:
    token = context.attach(trace.set_span_in_context(span))
    try:
        yield _Recorded(span)
    finally:
        context.detach(token)
        span.end()


@contextmanager
def _marked(recorded: _Recorded) -> Iterator[None]:
    """Marks the span with the error that passes; one of ours says all by its reason."""
    try:
        yield
    except _CANCELLATIONS:
        recorded.set(CANCELLED, True)
        raise
    except AtelierError as error:
        recorded.fail(error.reason)
        raise
    except Exception as error:
        recorded.span.record_exception(error)
        recorded.fail(type(error).__name__)
        raise


def _inside(parent: Span | None) -> Context | None:
    """The context for a part of `parent`; None is the running one."""
    return trace.set_span_in_context(parent.span) if isinstance(parent, _Recorded) else None


def _carrier(metadata: Metadata) -> dict[str, list[str]]:
    """The trace's headers as the propagator reads them; a header may come in several pieces."""
    found: dict[str, list[str]] = {}
    for key, value in metadata:
        if key in call_id.TRACE_KEYS and isinstance(value, str):
            found.setdefault(key, []).append(value)
    return found
