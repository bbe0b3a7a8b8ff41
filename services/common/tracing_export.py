"""Where spans go: to a collector, by OTLP, as OpenTelemetry's own variables say.

A collector that cannot be reached costs spans and nothing else: they are sent from a thread of
their own and dropped when too many wait. It is told once, and once when it is over.
"""

import logging
import os
import uuid
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
    OTEL_SDK_DISABLED,
)
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from services.common.settings_table import SettingsError
from services.common.version import VERSION

OTEL_TRACES_EXPORTER = "OTEL_TRACES_EXPORTER"
HTTP, GRPC = "http/protobuf", "grpc"
DEFAULT_ENDPOINTS = {HTTP: "http://localhost:4318", GRPC: "http://localhost:4317"}
_ENDPOINTS = (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT)
_PROTOCOLS = (OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL)
# They tell of every batch that is lost, which is as often as calls are made.
_NOISY = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")

log = logging.getLogger(__name__)


def is_wanted(env: Mapping[str, str] = os.environ) -> bool:
    """Whether OTEL_* lets spans be recorded. Raises SettingsError for an exporter not offered."""
    if env.get(OTEL_SDK_DISABLED, "").strip().lower() == "true":
        return False
    chosen = env.get(OTEL_TRACES_EXPORTER, "").strip() or "otlp"
    if chosen not in ("otlp", "none"):
        raise SettingsError(
            OTEL_TRACES_EXPORTER, f"{chosen!r} is not offered here; use otlp or none"
        )
    return chosen == "otlp"


def open_exporter(endpoint: str, env: Mapping[str, str] = os.environ) -> SpanExporter:
    """Makes an exporter for the collector at `endpoint`, unless a variable names another one.

    Raises SettingsError for a protocol that is not offered, ValueError for other variables.
    """
    given = next((env[name] for name in _ENDPOINTS if env.get(name)), "")
    protocol = next((env[name].strip() for name in _PROTOCOLS if env.get(name)), HTTP)
    # A variable is the exporter's own affair: it knows what is added to which.
    base = "" if given else endpoint
    if protocol == HTTP:
        exporter = _http_exporter(f"{base.rstrip('/')}/v1/traces" if base else None)
    elif protocol == GRPC:
        exporter = _grpc_exporter(base or None)
    else:
        raise SettingsError(
            OTEL_EXPORTER_OTLP_PROTOCOL, f"{protocol!r} is not offered here; use {HTTP} or {GRPC}"
        )
    return TellingExporter(exporter, given or base or DEFAULT_ENDPOINTS[protocol])


def resource_of(process: str) -> Resource:
    """What every span says of its process; OTEL_SERVICE_NAME and its like go before."""
    own = {
        "service.name": f"atelier-{process}",
        "service.namespace": "atelier",
        "service.version": VERSION,
        "service.instance.id": str(uuid.uuid4()),
        "atelier.process": process,
    }
    return Resource.create(own).merge(OTELResourceDetector().detect())


class TellingExporter(SpanExporter):
    """Sends by another exporter, and says in one line that spans are lost, or no longer."""

    def __init__(self, exporter: SpanExporter, target: str) -> None:
        self._exporter = exporter
        self._target = target
        self._losing = False
        self._words = _LastWords()
        self._words.listen()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends; blocks for as long as the other one tries."""
        result = self._exporter.export(spans)
        losing = result is not SpanExportResult.SUCCESS
        if losing and not self._losing:
            log.warning(
                "spans cannot be sent to %s and are lost until they can (%s)",
                self._target,
                self._words.last or "no reason was given",
            )
        elif self._losing and not losing:
            log.info("spans are sent to %s again", self._target)
        self._losing = losing
        return result

    def shutdown(self) -> None:
        """Ends the other one, and whatever it waits for."""
        self._exporter.shutdown()
        self._words.forget()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Waits for the other one."""
        return self._exporter.force_flush(timeout_millis)


class _LastWords(logging.Handler):
    """Takes what the exporters would write into the log, and keeps the last of it."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()

    def listen(self) -> None:
        for name in _NOISY:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            logger.propagate = False

    def forget(self) -> None:
        for name in _NOISY:
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.propagate = True


# Each brings its own libraries, of which one is needed.


def _http_exporter(endpoint: str | None) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter(endpoint)


def _grpc_exporter(endpoint: str | None) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter(endpoint)
