"""RPC series under the names of go-grpc-prometheus, so that its dashboards fit.

https://github.com/grpc-ecosystem/go-grpc-middleware/tree/main/providers/prometheus
"""

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from prometheus_client import CollectorRegistry, Counter, Histogram

_LABELS = ["grpc_type", "grpc_service", "grpc_method"]
_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


@dataclass(frozen=True)
class MethodName:
    """A method as the labels name it."""

    service: str
    method: str
    client_streaming: bool = False
    server_streaming: bool = False

    @property
    def type(self) -> str:
        """The value of grpc_type."""
        if self.client_streaming:
            return "bidi_stream" if self.server_streaming else "client_stream"
        return "server_stream" if self.server_streaming else "unary"


class MethodSeries:
    """The series of one method, looked up once."""

    def __init__(self, metrics: "RpcMetrics", name: MethodName) -> None:
        labels = (name.type, name.service, name.method)
        self._started = metrics.started.labels(*labels)
        self._seconds = metrics.seconds.labels(*labels)
        # Every code from the start: a rate over a series that appears with the first fault
        # misses that fault.
        self._handled = {
            code: metrics.handled.labels(*labels, _go_name(code)) for code in grpc.StatusCode
        }

    def start(self) -> None:
        """A call has begun."""
        self._started.inc()

    def end(self, code: grpc.StatusCode, seconds: float) -> None:
        """A call has ended with `code` after `seconds`."""
        self._handled[code].inc()
        self._seconds.observe(seconds)


class RpcMetrics:
    """The RPC series of one server. Only methods that it serves get labels: a closed set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.started = Counter(
            "grpc_server_started", "RPCs started on the server.", _LABELS, registry=registry
        )
        self.handled = Counter(
            "grpc_server_handled",
            "RPCs completed on the server, whatever the outcome.",
            [*_LABELS, "grpc_code"],
            registry=registry,
        )
        self.seconds = Histogram(
            "grpc_server_handling_seconds",
            "Time that RPCs took on the server.",
            _LABELS,
            buckets=_BUCKETS,
            registry=registry,
        )
        self._series: dict[MethodName, MethodSeries] = {}

    def of(self, name: MethodName) -> MethodSeries:
        """The series of a method."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = MethodSeries(self, name)
        return series

    def declare(self, names: Iterable[MethodName]) -> None:
        """Creates the series of methods before their first call."""
        for name in names:
            self.of(name)


def _go_name(code: grpc.StatusCode) -> str:
    """INVALID_ARGUMENT becomes InvalidArgument, as Go's codes are written, from which the label
    comes; https://pkg.go.dev/google.golang.org/grpc/codes.
    """
    if code is grpc.StatusCode.OK:
        return "OK"
    if code is grpc.StatusCode.CANCELLED:
        return "Canceled"
    return code.name.title().replace("_", "")
