"""Failures in the shape that OpenAI clients read: {"error": {message, type, param, code}}.

Knows the statuses and types that make the clients raise the right exception; knows no route.
"""

import json
import re
from collections.abc import Iterator, Mapping

import grpc
from aiohttp import web
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from services.common.errors import error_info
from services.gateway.bridge import errors as bridge
from services.gateway.bridge.transcode import JSON_TYPE

_CODES = {
    "INVALID_FIELD": "invalid_value",
    "CONTEXT_TOO_LONG": "context_length_exceeded",
    "QUEUE_FULL": "rate_limit_exceeded",
    "RATE_LIMITED": "rate_limit_exceeded",
    "TOO_MANY_CALLS": "rate_limit_exceeded",
    "API_KEY_REQUIRED": "invalid_api_key",
}
"""OpenAI's own words for our reasons; any other reason is its code in lower case."""
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_STATUSES = {"GPU_OUT_OF_MEMORY": 500}
"""gRPC has one code for a full queue and a full memory, but the caller is not too fast here."""
_IN_VAIN = {"GPU_OUT_OF_MEMORY", "TASK_TIME_LIMIT", "MODEL_LOAD_FAILED"}
_ROOT = re.compile(r"[^.\[]*")


class ApiError(Exception):
    """A refused or failed request, as it is told to an OpenAI client."""

    def __init__(
        self,
        http_status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.message = message
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @property
    def kind(self) -> str:
        """The error's type in OpenAI's words."""
        usual = "server_error" if self.http_status >= 500 else "invalid_request_error"
        return _TYPES.get(self.http_status, usual)

    def json(self) -> str:
        """The body of the answer."""
        error = {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }
        return json.dumps({"error": error})

    def response(self) -> web.Response:
        """The whole answer."""
        return web.Response(
            status=self.http_status,
            body=self.json().encode(),
            headers={**self.headers, "Content-Type": JSON_TYPE},
        )


def invalid(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A 400 for a parameter whose value cannot be taken."""
    return ApiError(400, f"{param}: {message}", code=code, param=param)


def missing(param: str, message: str) -> ApiError:
    """A 400 for a parameter that is needed."""
    return invalid(param, message, "missing_required_parameter")


def failure(error: Exception, request_id: str, names: Mapping[str, str]) -> ApiError:
    """Any exception as an ApiError; one that nobody foresaw tells nothing of its inside.

    `names`: our fields by the parameters that OpenAI has for them.
    """
    if isinstance(error, ApiError):
        return error
    found = bridge.failure_of(error, request_id)
    reason = error_info(found.status).reason
    violations = list(_violations(found.status))
    params = [_renamed(item.field, names) for item in violations]
    texts = [f"{param}: {item.description}" for param, item in zip(params, violations, strict=True)]
    http_status = _STATUSES.get(reason, found.http_status)
    headers = dict(found.headers)
    if reason in _IN_VAIN or http_status == 501:
        headers["x-should-retry"] = "false"
    return ApiError(
        http_status,
        "; ".join(texts) or found.status.message,
        code=_CODES.get(reason, reason.lower()) or _code_name(found.status.code),
        param=params[0] if params else None,
        headers=headers,
    )


def _code_name(code: int) -> str:
    """The name of a gRPC status, for one that came without a reason."""
    return next((item.name.lower() for item in grpc.StatusCode if item.value[0] == code), "unknown")


def _violations(
    status: status_pb2.Status,
) -> Iterator[error_details_pb2.BadRequest.FieldViolation]:
    bad = error_details_pb2.BadRequest()
    for detail in status.details:
        try:
            if detail.Unpack(bad):
                yield from bad.field_violations
        except DecodeError:
            continue


def _renamed(field: str, names: Mapping[str, str]) -> str:
    """The parameter for a field's path: "text" is "input", "messages[1].role" stays."""
    found = _ROOT.match(field)
    root = found[0] if found is not None else field
    return names.get(root, root) + field[len(root) :]
