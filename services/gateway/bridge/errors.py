"""Failures as HTTP answers: the public table from codes to statuses, and the JSON of an error.

Knows no route and no stream.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from services.common.errors import AtelierError, to_status
from services.gateway.bridge.backend import CallFailed

DOMAIN = "gateway.atelier"

# The mapping that google/rpc/code.proto states for each code.
HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
}


class Refused(AtelierError):
    """The bridge refuses a request for what it is in HTTP, with an own HTTP status."""

    def __init__(
        self,
        http_status: int,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason)
        self.http_status = http_status
        self.code = code
        self.headers = dict(headers or {})


def no_route(method: str, path: str, nearest: Iterable[str]) -> Refused:
    """Make a 404 that names the routes which look like the one that was asked for."""
    hint = "; did you mean " + " or ".join(nearest) + "?" if nearest else ""
    text = f"there is no route {method} {path}{hint}"
    return Refused(404, grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND", text)


def wrong_method(method: str, path: str, allowed: Iterable[str]) -> Refused:
    """Make a 405 with the methods that the path has."""
    allow = ", ".join(allowed)
    text = f"{path} takes {allow}, not {method}"
    headers = {"Allow": allow}
    return Refused(405, grpc.StatusCode.UNIMPLEMENTED, "METHOD_NOT_ALLOWED", text, headers)


def body_too_large(limit_bytes: int) -> Refused:
    """Make a 413 with the limit."""
    text = f"the body is larger than the limit of {limit_bytes} bytes"
    return Refused(413, grpc.StatusCode.INVALID_ARGUMENT, "BODY_TOO_LARGE", text)


def wrong_encoding(encoding: str) -> Refused:
    """Make a 415 for a compressed body."""
    text = f"a body with Content-Encoding '{encoding}' is not taken; send it uncompressed"
    return Refused(415, grpc.StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_CONTENT_ENCODING", text)


def slow_body(seconds: float) -> Refused:
    """Make a 408 for a body that does not come."""
    text = f"the body did not arrive within {seconds:g} s"
    return Refused(408, grpc.StatusCode.DEADLINE_EXCEEDED, "SLOW_BODY", text)


def wrong_content_type(content_type: str) -> Refused:
    """Make a 415 that names what is taken."""
    given = f"'{content_type}'" if content_type else "none"
    text = f"the content type must be application/json in UTF-8; the request has {given}"
    return Refused(415, grpc.StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_CONTENT_TYPE", text)


@dataclass(frozen=True)
class Failure:
    """A failed request as HTTP tells it."""

    http_status: int
    status: status_pb2.Status
    capability: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self, pool: DescriptorPool) -> str:
        """Give the JSON of the answer: {"error": {...}}."""
        code = next(c for c in grpc.StatusCode if c.value[0] == self.status.code)
        error: dict[str, object] = {
            "code": self.http_status,
            "status": code.name,
            "message": self.status.message,
            "capability": self.capability,
            "details": [_detail(detail, pool) for detail in self.status.details],
        }
        return json.dumps({"error": error}, ensure_ascii=False)


def failure_of(error: Exception, request_id: str) -> Failure:
    """Turn any exception into an answer; one that nobody foresaw tells nothing of its inside."""
    if isinstance(error, CallFailed):
        return _of_call(error)
    if isinstance(error, Refused):
        return Failure(error.http_status, to_status(error, DOMAIN), headers=error.headers)
    if isinstance(error, AtelierError):
        status = to_status(error, DOMAIN)
        return Failure(HTTP_STATUS[error.code], status, headers=_headers(error.code, status))
    text = f"the gateway failed; its log tells why under the request id {request_id}"
    return Failure(500, to_status(AtelierError(text), DOMAIN))


def _of_call(error: CallFailed) -> Failure:
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    if error.details is not None:
        status.details.extend(error.details.details)
    return Failure(HTTP_STATUS[error.code], status, error.capability, _retry_after(status))


def _headers(code: grpc.StatusCode, status: status_pb2.Status) -> dict[str, str]:
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return {"WWW-Authenticate": 'Bearer realm="atelier"'}
    return _retry_after(status)


def _retry_after(status: status_pb2.Status) -> dict[str, str]:
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        if detail.Unpack(retry):
            delay = retry.retry_delay
            return {"Retry-After": str(math.ceil(delay.seconds + delay.nanos / 1e9))}
    return {}


def _detail(detail: AnyMessage, pool: DescriptorPool) -> object:
    """Give a detail as JSON; one of a type that the pool lacks, or broken, keeps its bytes."""
    try:
        return json_format.MessageToDict(
            detail,
            preserving_proto_field_name=True,
            descriptor_pool=pool,
        )
    except (TypeError, KeyError, ValueError, json_format.Error, DecodeError):
        value = base64.b64encode(detail.value).decode("ascii")
        return {"@type": detail.type_url, "value": value}
