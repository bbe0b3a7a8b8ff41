"""A picture asked for by a browser is one trace through real processes, down to each step, and the
logs of those processes are objects that tell the same call.
"""

import base64
import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.support.collector import QUICK, Collector, collecting
from tests.support.real_stack import RealStack, real_stack, without

pytestmark = pytest.mark.starter

TRACE, BROWSER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALL = "call-7"
DRAW = "atelier.image.v1.ImageService/GenerateImage"
ROUTE = "POST /v1/image/generate"
ALONE = without("llm", "tts", "videogen")


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def stack(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """Gateway and image worker only, traced, with logs for programs."""
    told = {
        "ATELIER_LOGS_FORMAT": "json",
        "ATELIER_TELEMETRY_TRACES": "true",
        "ATELIER_TELEMETRY_ENDPOINT": collector.endpoint,
    }
    with real_stack(tmp_path_factory.mktemp("stack"), **ALONE, **told, **QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def picture(stack: RealStack) -> Image.Image:
    """Drawn as a page asks for it."""
    return draw(stack)


def draw(stack: RealStack) -> Image.Image:
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}/v1/image/generate",
        data=json.dumps({"prompt": "a red apple", "seed": 7}).encode(),
        headers={
            "Content-Type": "application/json",
            "traceparent": f"00-{TRACE}-{BROWSER}-01",
            "x-request-id": CALL,
        },
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        lines = [line.decode() for line in answer if line.startswith(b'data: {"image"')]
    data = json.loads(lines[-1].removeprefix("data: "))["image"]["data"]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def logged(stack: RealStack, *processes: str) -> list[dict[str, Any]]:
    """The whole logs; fails if a line of ours is no object."""
    told = stack.atelier("logs", "-n", "1000", *(processes or ("gateway", "image")))
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_one_trace_leads_from_the_browser_to_each_step(
    collector: Collector, picture: Image.Image
) -> None:
    assert picture.format == "PNG"
    served = collector.the(ROUTE)
    assert (served.trace_id, served.parent_id) == (TRACE, BROWSER)
    collector.until(lambda: len(collector.named(DRAW)) == 2)
    steps = collector.named("step")
    total = steps[0].attributes["atelier.steps"]
    assert [step.attributes["atelier.step"] for step in steps] == list(range(1, total + 1))
    for step in steps:
        assert collector.way_to(step) == [ROUTE, DRAW, DRAW, "task", "denoise", "step"]
    for name in ("queue", "encode"):
        assert collector.way_to(collector.the(name)) == [ROUTE, DRAW, DRAW, name]
    for name in ("load model", "decode"):
        assert collector.way_to(collector.the(name)) == [ROUTE, DRAW, DRAW, "task", name]
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert {span.attributes["atelier.call_id"] for span in collector.spans} == {CALL}
    assert not any(span.failed for span in collector.spans)


def test_each_span_says_in_which_process_it_was(collector: Collector, picture: Image.Image) -> None:
    collector.until(lambda: len(collector.named(DRAW)) == 2)
    processes = {(span.name, span.kind): span.process["service.name"] for span in collector.spans}
    assert processes[ROUTE, "SERVER"] == processes[DRAW, "CLIENT"] == "atelier-gateway"
    assert processes[DRAW, "SERVER"] == processes["step", "INTERNAL"] == "atelier-image"


def test_the_same_call_stands_in_both_logs(
    collector: Collector, stack: RealStack, picture: Image.Image
) -> None:
    collector.until(lambda: len(collector.named(DRAW)) == 2)
    lines = [line for line in logged(stack) if line.get("call_id") == CALL]
    http = next(line for line in lines if "http_method" in line)
    forwarded, served = (
        next(line for line in lines if line["process"] == name and line.get("method") == DRAW)
        for name in ("gateway", "image")
    )
    assert (http["http_method"], http["path"], http["status"]) == (
        "POST", "/v1/image/generate", 200,
    )  # fmt: skip
    assert (forwarded["code"], forwarded["capability"]) == ("OK", "image")
    assert served["code"] == "OK"
    assert forwarded["responses"] == served["responses"] > 1
    assert {line["trace_id"] for line in lines} == {TRACE}
    assert served["span_id"] == collector.the(DRAW, "SERVER").span_id
    # The engine's own lines, from its own thread, are of the same call.
    assert any(line["message"].startswith("loaded emoji-draw-64") for line in lines)


def test_every_line_of_every_process_is_an_object(stack: RealStack, picture: Image.Image) -> None:
    lines = logged(stack, "gateway") + logged(stack, "image")
    assert len(logged(stack)) == len(lines)
    for line in lines:
        assert {"timestamp", "level", "process", "logger", "message"} <= line.keys()
    assert {line["process"] for line in lines} == {"gateway", "image"}


def test_a_collector_that_goes_away_breaks_no_call(
    stack: RealStack, picture: Image.Image, collector: Collector
) -> None:
    collector.refuses = True
    try:
        while min(collector.refused.count(name) for name in ("gateway", "image")) < 2:
            tries = len(collector.refused)
            assert draw(stack).size == picture.size
            collector.until(lambda tries=tries: len(collector.refused) > tries)
    finally:
        collector.refuses = False
    lines = [line for line in logged(stack) if "spans cannot be sent" in line.get("message", "")]
    assert sorted(line["process"] for line in lines) == ["gateway", "image"]
    assert {line["level"] for line in lines} == {"WARNING"}


def test_a_wrong_setting_is_told_whatever_the_logs_are(tmp_path_factory: Any) -> None:
    wrong = {"ATELIER_LOGS_FORMAT": "json", "OTEL_TRACES_EXPORTER": "console"}
    traced = {"ATELIER_TELEMETRY_TRACES": "true"}
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.raises(AssertionError) as error:
        with real_stack(folder, **ALONE, **wrong, **traced):
            pass
    assert "OTEL_TRACES_EXPORTER: 'console' is not offered here" in str(error.value)
