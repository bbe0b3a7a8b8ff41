"""The RPC series carry the names that go-grpc-prometheus's dashboards ask for."""

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.common.rpc_metrics import MethodName, RpcMetrics

# What String() of Go's package google.golang.org/grpc/codes says.
GO_NAMES = {
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
    "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted",
    "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
}  # fmt: skip


def page(*names: MethodName) -> tuple[RpcMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = RpcMetrics(registry)
    metrics.declare(names)
    return metrics, registry


def test_every_code_is_there_from_the_start_as_go_writes_it() -> None:
    _, registry = page(MethodName("a.B", "Do"))
    codes = {
        sample.labels["grpc_code"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "grpc_server_handled_total"
    }
    assert codes == GO_NAMES


@pytest.mark.parametrize(
    ("client_streaming", "server_streaming", "kind"),
    [
        (False, False, "unary"),
        (True, False, "client_stream"),
        (False, True, "server_stream"),
        (True, True, "bidi_stream"),
    ],
)
def test_the_kinds_of_methods(client_streaming: bool, server_streaming: bool, kind: str) -> None:
    assert MethodName("a.B", "Do", client_streaming, server_streaming).type == kind


def test_a_call_is_counted_at_both_ends() -> None:
    name = MethodName("a.B", "Do")
    metrics, registry = page(name)
    series = metrics.of(name)
    series.start()
    series.end(grpc.StatusCode.CANCELLED, 0.3)
    text = generate_latest(registry).decode()
    labels = 'grpc_method="Do",grpc_service="a.B",grpc_type="unary"'
    assert f"grpc_server_started_total{{{labels}}} 1.0" in text
    assert f'grpc_server_handled_total{{grpc_code="Canceled",{labels}}} 1.0' in text
    assert f"grpc_server_handling_seconds_count{{{labels}}} 1.0" in text


def test_a_method_has_its_series_once() -> None:
    metrics, _ = page()
    assert metrics.of(MethodName("a.B", "Do")) is metrics.of(MethodName("a.B", "Do"))
