import json
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.bridge import errors
from services.gateway.bridge.backend import CallFailed

POOL = descriptor_pool.Default()


def packed(message: Any) -> AnyMessage:
    detail = AnyMessage()
    detail.Pack(message)
    return detail


def failed(
    code: grpc.StatusCode, *details: AnyMessage, capability: str | None = None
) -> CallFailed:
    status = status_pb2.Status(code=code.value[0], message="why", details=details)
    return CallFailed(code, "why", details=status, capability=capability)


def told(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    failure = errors.failure_of(error, "id-1")
    return failure.http_status, json.loads(failure.json(POOL))["error"], dict(failure.headers)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("CANCELLED", 499),
        ("UNKNOWN", 500),
        ("INVALID_ARGUMENT", 400),
        ("DEADLINE_EXCEEDED", 504),
        ("NOT_FOUND", 404),
        ("ALREADY_EXISTS", 409),
        ("PERMISSION_DENIED", 403),
        ("UNAUTHENTICATED", 401),
        ("RESOURCE_EXHAUSTED", 429),
        ("FAILED_PRECONDITION", 400),
        ("ABORTED", 409),
        ("OUT_OF_RANGE", 400),
        ("UNIMPLEMENTED", 501),
        ("INTERNAL", 500),
        ("UNAVAILABLE", 503),
        ("DATA_LOSS", 500),
    ],
)
def test_each_code_has_the_public_status(code: str, status: int) -> None:
    http_status, error, _ = told(CallFailed(grpc.StatusCode[code], "why"))
    assert http_status == status
    assert (error["code"], error["status"], error["message"]) == (status, code, "why")


def test_no_code_is_left_out() -> None:
    assert {code.name for code in errors.HTTP_STATUS} == set(code_pb2.Code.keys())


def test_details_and_the_capability_are_kept() -> None:
    info = error_details_pb2.ErrorInfo(reason="QUEUE_FULL", domain="llm.atelier")
    wrong = error_details_pb2.BadRequest.FieldViolation(field="a.b", description="no")
    bad = error_details_pb2.BadRequest(field_violations=[wrong])
    _, error, _ = told(
        failed(grpc.StatusCode.INTERNAL, packed(info), packed(bad), capability="llm")
    )
    assert error["capability"] == "llm"
    assert error["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "QUEUE_FULL",
            "domain": "llm.atelier",
        },
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "field_violations": [{"field": "a.b", "description": "no"}],
        },
    ]


@pytest.mark.parametrize(
    "detail",
    [
        AnyMessage(type_url="type.googleapis.com/nobody.knows.This", value=b"\x01"),
        AnyMessage(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\x01"),
        AnyMessage(type_url="", value=b"\x01"),
    ],
)
def test_a_detail_that_cannot_be_read_keeps_its_bytes(detail: AnyMessage) -> None:
    _, error, _ = told(failed(grpc.StatusCode.INTERNAL, detail))
    assert error["details"] == [{"@type": detail.type_url, "value": "AQ=="}]


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(0, "0"), (1, "1"), (2000, "2"), (2001, "3")]
)
def test_where_waiting_helps_the_answer_says_how_long(milliseconds: int, seconds: str) -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(milliseconds)
    status, _, headers = told(failed(grpc.StatusCode.RESOURCE_EXHAUSTED, packed(retry)))
    assert (status, headers) == (429, {"Retry-After": seconds})


def test_a_wrong_field_is_told_as_a_bad_request_of_the_gateway() -> None:
    status, error, _ = told(
        InvalidArgument(FieldViolation("messages[0].role", "expected a string"))
    )
    assert (status, error["capability"]) == (400, None)
    info, bad = error["details"]
    assert (info["reason"], info["domain"]) == ("INVALID_FIELD", "gateway.atelier")
    assert bad["field_violations"] == [
        {"field": "messages[0].role", "description": "expected a string"}
    ]


def test_what_nobody_foresaw_tells_nothing_of_its_inside() -> None:
    status, error, _ = told(KeyError("secret"))
    assert (status, error["status"]) == (500, "INTERNAL")
    assert "id-1" in error["message"]
    assert "secret" not in json.dumps(error)
