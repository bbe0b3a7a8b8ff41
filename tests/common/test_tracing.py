"""Spans: what is recorded, what a collector gets, and that nothing at all is done unless asked."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest

from services.common import call_id, tracing
from services.common.cancellation import JobCancelled
from services.common.errors import QueueFull
from services.common.settings import ROOT, SettingsError, TelemetrySettings
from tests.support.collector import Collector, collecting, collecting_by_grpc, tracing_to
from tests.support.ports import free_port

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = PARENT[:-1] + "0"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


# --- Off -----------------------------------------------------------------------------------------


def test_a_tracer_that_records_nothing_takes_everything() -> None:
    tracing.start(TelemetrySettings(), "test")
    tracer = tracing.active
    metadata: list[tuple[str, str | bytes]] = [("traceparent", PARENT)]
    assert not tracer.records
    with tracer.span("a", {"b": 1}) as span, tracer.server("c", metadata, {}), span:
        span.set("d", 2.0)
        span.fail("E")
    tracer.begin("f", parent=span).end(1.0)
    tracer.record("g", 0.0, 1.0)
    tracer.client("h", metadata, {}).rename("i")
    with tracer.root("j", PARENT, {}):
        assert (tracer.ids(), tracer.traceparent()) == (None, "")
    tracer.current().end()
    assert metadata == [("traceparent", PARENT)]
    tracing.stop()


def test_a_process_that_traces_nobody_never_loads_opentelemetry() -> None:
    script = """
        import asyncio, sys
        import services.gateway.__main__, services.tts.engine, services.videogen.engine_encoding
        import services.image.engine, services.llm.engine
        from services.common import logs, tracing
        from services.common.settings import LogSettings, TelemetrySettings
        from tests.support.echo.stubs import compile_stubs

        async def call():
            from atelier.echo.v1 import echo_pb2
            from tests.support.gateways import echo_worker, running_gateway
            async with echo_worker() as (port, _), running_gateway(port) as running:
                return await running.echo.Say(echo_pb2.EchoRequest(text="hello"))

        from pathlib import Path
        compile_stubs(Path(sys.argv[1]))
        logs.configure("gateway", LogSettings(format="json"))
        tracing.start(TelemetrySettings(endpoint="http://127.0.0.1:1"), "gateway")
        print(asyncio.run(call()).text)
        tracing.stop()
        print([name for name in sys.modules if name.startswith("opentelemetry")])
    """
    assert run_python(script).splitlines() == ["hello", "[]"]


def run_python(script: str) -> str:
    """What a script prints, in a process of its own."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), folder],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- What is recorded ----------------------------------------------------------------------------


def test_parts_are_parts_of_what_is_current(collector: Collector) -> None:
    with tracing_to(collector), tracing.active.span("outer", {"number": 7}):
        began = tracing.active.begin("beside")
        with tracing.active.span("inner"):
            tracing.active.record("past", time.monotonic() - 1.0, time.monotonic())
            tracing.active.record("elsewhere", 0.0, 0.5, parent=began)
        began.end()
        began.end()
    outer = collector.the("outer")
    assert (outer.parent_id, outer.kind, outer.attributes["number"]) == ("", "INTERNAL", 7)
    assert collector.way_to(collector.the("past")) == ["outer", "inner", "past"]
    assert collector.way_to(collector.the("elsewhere")) == ["outer", "beside", "elsewhere"]
    past = collector.the("past")
    assert past.ended - past.began == pytest.approx(1e9, rel=0.01)
    assert past.began < outer.began < outer.ended
    assert len({span.trace_id for span in collector.spans}) == 1


@pytest.mark.parametrize(
    ("error", "kind", "events"),
    [
        (QueueFull(1.0), "QUEUE_FULL", []),
        (ValueError("what?"), "ValueError", ["exception"]),
        (JobCancelled(), None, []),
        (asyncio.CancelledError(), None, []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_marks_a_part_and_a_cancellation_does_not(
    collector: Collector, error: BaseException, kind: str | None, events: list[str]
) -> None:
    with tracing_to(collector), pytest.raises(type(error)), tracing.active.span("work"):
        raise error
    work = collector.the("work")
    assert (work.failed, work.attributes.get("error.type")) == (kind is not None, kind)
    assert work.attributes.get("atelier.cancelled", False) is (kind is None)
    assert work.events == events


def test_every_span_of_a_call_has_its_id(collector: Collector) -> None:
    token = call_id.current.set("call-7")
    with tracing_to(collector), tracing.active.span("work"):
        call_id.current.reset(token)
        with tracing.active.span("afterwards"):
            pass
    assert collector.the("work").attributes["atelier.call_id"] == "call-7"
    assert "atelier.call_id" not in collector.the("afterwards").attributes


def test_a_call_goes_on_where_its_caller_was(collector: Collector) -> None:
    received: list[tuple[str, str | bytes]] = [("traceparent", PARENT), ("tracestate", "a=1,b=2")]
    sent: list[tuple[str, str | bytes]] = [*received, ("x-mine", "1"), ("baggage", "c=3")]
    with tracing_to(collector):
        with tracing.active.server("served", received, {"rpc.method": "m"}):
            tracing.active.client("sent", sent, {}).end()
            with tracing.active.server("beyond", sent, {}):
                pass
    served, beyond = collector.the("served", "SERVER"), collector.the("beyond")
    assert (served.trace_id, served.parent_id) == tuple(PARENT.split("-")[1:3])
    assert served.attributes["rpc.method"] == "m"
    assert collector.way_to(beyond) == ["served", "sent", "beyond"]
    assert collector.the("sent").kind == "CLIENT"
    assert {span.trace_state for span in collector.spans} == {"a=1,b=2"}
    assert dict(sent) == {
        "x-mine": "1",
        "baggage": "c=3",
        "traceparent": f"00-{served.trace_id}-{beyond.parent_id}-01",
        "tracestate": "a=1,b=2",
    }


@pytest.mark.parametrize("header", ["", "rubbish", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
def test_a_caller_that_names_no_trace_begins_one(collector: Collector, header: str) -> None:
    with tracing_to(collector), tracing.active.server("served", [("traceparent", header)], {}):
        pass
    assert collector.the("served").parent_id == ""


def test_a_caller_that_is_not_sampled_costs_nothing_and_is_passed_on(collector: Collector) -> None:
    sent: list[tuple[str, str | bytes]] = []
    with tracing_to(collector):
        with tracing.active.server("served", [("traceparent", UNSAMPLED)], {}):
            tracing.active.client("sent", sent, {}).end()
        with tracing.active.span("another"):
            pass
    collector.the("another")
    assert len(collector.spans) == 1
    assert str(dict(sent)["traceparent"]).startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert str(dict(sent)["traceparent"]).endswith("-00")


def test_a_root_links_to_what_it_follows(collector: Collector) -> None:
    with tracing_to(collector), tracing.active.span("before"):
        follows = tracing.active.traceparent()
        with tracing.active.root("after", follows, {"try": 1}), tracing.active.span("inside"):
            pass
        with tracing.active.root("after nothing", "", {}):
            pass
    before, after = collector.the("before"), collector.the("after")
    assert after.links == [(before.trace_id, before.span_id)]
    assert after.trace_id != before.trace_id
    assert collector.way_to(collector.the("inside")) == ["after", "inside"]
    assert collector.the("after nothing").links == []


def test_the_ids_of_log_lines_are_those_of_the_span(collector: Collector) -> None:
    with tracing_to(collector), tracing.active.span("work"):
        ids = tracing.active.ids()
    work = collector.the("work")
    assert ids == (work.trace_id, work.span_id)


# --- Where it goes -------------------------------------------------------------------------------


def test_a_collector_may_speak_grpc() -> None:
    with collecting_by_grpc() as collector:
        with tracing_to(collector, OTEL_EXPORTER_OTLP_PROTOCOL="grpc"), tracing.active.span("a"):
            pass
        assert collector.the("a").process["service.name"] == "atelier-test"


def test_a_span_says_of_which_process_it_is(collector: Collector) -> None:
    with tracing_to(collector, "llm"), tracing.active.span("a"):
        pass
    process = collector.the("a").process
    assert process["service.name"] == "atelier-llm"
    assert (process["service.namespace"], process["atelier.process"]) == ("atelier", "llm")
    assert process["service.instance.id"]
    assert process["telemetry.sdk.language"] == "python"


def test_opentelemetrys_own_variables_go_before_the_settings(collector: Collector) -> None:
    other = Collector()
    other.endpoint = f"http://127.0.0.1:{free_port()}"
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_SERVICE_NAME": "mine",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.namespace=ours",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
    }
    with tracing_to(other, "llm", **variables), tracing.active.span("a", {"long": "abcdef"}):
        pass
    span = collector.the("a")
    assert span.process["service.name"] == "mine"
    assert span.process["service.namespace"] == "ours"
    assert span.process["deployment.environment.name"] == "test"
    assert span.process["atelier.process"] == "llm"
    assert span.attributes["long"] == "abc"


@pytest.mark.parametrize(
    "variables",
    [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}],
    ids=["disabled", "none"],
)
def test_opentelemetrys_own_variables_can_switch_it_off(
    collector: Collector, variables: dict[str, str]
) -> None:
    with tracing_to(collector, **variables):
        assert not tracing.active.records


def test_a_sampler_may_take_nothing_whatever_the_caller_says(collector: Collector) -> None:
    sampler = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.0"}
    with tracing_to(collector, **sampler):
        with tracing.active.server("served", [("traceparent", PARENT)], {}) as span:
            span.set("a", 1)
    assert collector.spans == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER: 'console' is not offered"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is not offered",
        ),
        ({"OTEL_SPAN_EVENT_COUNT_LIMIT": "many"}, "telemetry.traces: cannot be"),
    ],
)
def test_a_variable_that_cannot_be_is_named(
    collector: Collector, variables: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError) as error, tracing_to(collector, **variables):
        pass
    assert str(error.value).startswith(says)
    assert not tracing.active.records


# --- A collector that is not there ---------------------------------------------------------------


def test_a_collector_that_refuses_is_told_of_once_and_its_return_too(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    collector.refuses = True
    with tracing_to(collector):
        for number in range(1, 4):
            with tracing.active.span("lost"):
                pass
            collector.until(lambda number=number: len(collector.refused) == number)
        collector.refuses = False
        with tracing.active.span("sent"):
            pass
        collector.the("sent")
    assert collector.named("lost") == []
    lost, again = caplog.records
    assert lost.levelname == "WARNING"
    assert lost.getMessage().startswith(f"spans cannot be sent to {collector.endpoint} and are")
    assert "500" in lost.getMessage()
    assert again.getMessage() == f"spans are sent to {collector.endpoint} again"


def test_nobody_waits_for_a_collector_that_does_not_answer(collector: Collector) -> None:
    collector.go.clear()
    with tracing_to(collector):
        with tracing.active.span("first"):
            pass
        collector.until(lambda: collector.held)
        for _ in range(5000):  # more than may wait
            tracing.active.begin("more").end()
    # Ended, and the collector still holds what was sent first.
    assert collector.held == 1
    assert collector.spans == []


def test_the_end_of_a_process_sends_what_is_left() -> None:
    with collecting() as collector:
        script = f"""
            from services.common import tracing
            from services.common.settings import TelemetrySettings
            tracing.start(TelemetrySettings(traces=True, endpoint="{collector.endpoint}"), "test")
            with tracing.active.span("last"):
                pass
            tracing.stop()
        """
        run_python(script)
        assert [span.name for span in collector.spans] == ["last"]


def test_a_process_whose_collector_is_not_there_ends_all_the_same() -> None:
    script = f"""
        from services.common import logs, tracing
        from services.common.settings import TelemetrySettings
        logs.configure("test")
        nobody = "http://127.0.0.1:{free_port()}"
        tracing.start(TelemetrySettings(traces=True, endpoint=nobody), "test")
        with tracing.active.span("last"):
            pass
        tracing.stop()
        print("ended")
    """
    assert run_python(script) == "ended\n"


def test_spans_of_many_threads_are_all_sent(collector: Collector) -> None:
    def work() -> None:
        for _ in range(50):
            with tracing.active.span("work"):
                pass

    with tracing_to(collector):
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(collector.named("work")) == 400
    assert json.dumps(sorted({span.parent_id for span in collector.spans})) == '[""]'
