"""What may be a job, and when two requests are the same."""

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from prometheus_client import CollectorRegistry

from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from services.common.call_log import CallLog
from services.common.errors import InvalidArgument
from services.common.grpc_options import client_options
from services.common.rpc_metrics import RpcMetrics
from services.gateway.dispatcher import Dispatcher, Route
from services.gateway.health_map import HealthMap
from services.gateway.jobs.record import NewJob
from services.gateway.jobs.submission import (
    Submission,
    check_leaving,
    checked,
    packed_submission,
    task_route,
)
from services.gateway.monitor import Monitor
from tests.support.kept_jobs_gateway import DRAW, order

ECHO = "atelier.echo.v1.EchoService"


@pytest.fixture(scope="module")
async def routes() -> dict[str, Route]:
    """Those of a gateway that nobody has called yet; its channels want an event loop."""
    from atelier.echo.v1 import echo_pb2  # noqa: F401 - knows the service

    health = HealthMap(["image", "echo"])
    services = {"image": "atelier.image.v1.ImageService", "echo": ECHO}
    monitors = [
        Monitor(
            name, service, "127.0.0.1:1", health,
            options=client_options(1, 1.0, 1.0), probe_timeout_seconds=1.0, identity=None,
        )
        for name, service in services.items()
    ]  # fmt: skip
    return Dispatcher(monitors, RpcMetrics(CollectorRegistry()), CallLog()).routes


def accepted(routes: dict[str, Route], **fields: str | bytes) -> NewJob:
    given = {"method": DRAW, "request": order().SerializeToString()} | fields
    submission = Submission(**given)  # type: ignore[arg-type]
    return checked(submission, routes, submitter="ada", max_attempts=3)


def violation(caught: "pytest.ExceptionInfo[InvalidArgument]") -> tuple[str, str]:
    [one] = caught.value.violations
    return one.field, one.description


async def test_a_task_is_a_job_of_its_capability(routes: dict[str, Route]) -> None:
    new = accepted(routes, method=f"/{DRAW}", presence="tab", on_leave="drop")
    assert (new.capability, new.method, new.submitter) == ("image", DRAW, "ada")
    assert (new.presence, new.on_leave, new.max_attempts) == ("tab", "drop", 3)
    assert new.request == order()


@pytest.mark.parametrize(
    "method",
    ["", "nothing", "atelier.image.v1.ImageService/DescribeModel", f"{ECHO}/Join", "x" * 9999],
)
async def test_what_is_no_task_with_one_request_is_refused_with_those_there_are(
    routes: dict[str, Route], method: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        task_route(method, routes)
    field, words = violation(caught)
    assert field == "method"
    assert f"those there are: {DRAW}, {ECHO}/Say, {ECHO}/Repeat" in words
    assert len(words) < 500


async def test_bytes_that_are_no_request_are_refused(routes: dict[str, Route]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        accepted(routes, request=b"\xff\xff\xff")
    assert violation(caught)[0] == "request"


async def test_a_seed_is_drawn_where_it_was_left_out_and_only_there(
    routes: dict[str, Route],
) -> None:
    unset = image_pb2.GenerateImageRequest(prompt="a").SerializeToString()
    seeds = {accepted(routes, request=unset).request.seed for _ in range(20)}
    assert len(seeds) > 15
    for seed in (0, 7):
        given = image_pb2.GenerateImageRequest(prompt="a", seed=seed).SerializeToString()
        assert accepted(routes, request=given).request.seed == seed


async def test_the_same_request_has_the_same_fingerprint_before_its_seed_is_drawn(
    routes: dict[str, Route],
) -> None:
    unset = image_pb2.GenerateImageRequest(prompt="a", steps=3)
    # The same fields in another order, as another client may write them.
    prompt = image_pb2.GenerateImageRequest(prompt="a").SerializeToString()
    steps = image_pb2.GenerateImageRequest(steps=3).SerializeToString()
    prints = {
        accepted(routes, request=data).fingerprint
        for data in (unset.SerializeToString(), prompt + steps, steps + prompt)
    }
    assert len(prints) == 1
    other = image_pb2.GenerateImageRequest(prompt="b", steps=3).SerializeToString()
    assert accepted(routes, request=other).fingerprint not in prints


@pytest.mark.parametrize("size", [128, 129])
@pytest.mark.parametrize("field", ["presence", "idempotency_key"])
async def test_texts_of_the_callers_choice_have_a_limit(
    routes: dict[str, Route], field: str, size: int
) -> None:
    if size == 128:
        assert getattr(accepted(routes, **{field: "x" * size}), field) == "x" * size
        return
    with pytest.raises(InvalidArgument) as caught:
        accepted(routes, **{field: "x" * size})
    assert violation(caught) == (field, "has 129 characters; at most 128 may be")


@pytest.mark.parametrize(
    ("on_leave", "presence", "field"),
    [("stay", "tab", "on_leave"), ("drop", "", "presence"), ("", "x" * 129, "presence")],
)
def test_who_may_leave_is_checked(on_leave: str, presence: str, field: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_leaving(on_leave, presence)
    assert violation(caught)[0] == field


@pytest.mark.parametrize(
    ("on_leave", "presence"), [("", ""), ("keep", ""), ("keep", "t"), ("drop", "t")]
)
def test_who_may_leave_as_he_likes(on_leave: str, presence: str) -> None:
    check_leaving(on_leave, presence)


def packed(message: llm_pb2.ChatRequest | None) -> AnyMessage:
    request = AnyMessage()
    if message is not None:
        request.Pack(message)
    return request


@pytest.mark.parametrize(
    ("method", "request_message", "field"),
    [
        (DRAW, None, "request"),
        (DRAW, llm_pb2.ChatRequest(), "request.@type"),
        ("nobody/Nothing", None, "method"),
    ],
)
def test_a_packed_request_is_that_of_its_method(
    method: str, request_message: llm_pb2.ChatRequest | None, field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        packed_submission(
            method, packed(request_message), idempotency_key="", presence="", on_leave=""
        )
    assert violation(caught)[0] == field


def test_a_packed_request_is_handed_on_as_its_bytes() -> None:
    request = AnyMessage()
    request.Pack(order())
    submission = packed_submission(
        DRAW, request, idempotency_key="k", presence="p", on_leave="drop"
    )
    assert submission.request == order().SerializeToString()
    assert (submission.idempotency_key, submission.presence) == ("k", "p")
