"""What can go wrong, as the code raises it. Knows gRPC's codes, not how an error is sent.

AtelierError
├── InvalidArgument         the caller's request is wrong; names each field
├── NotFound                the caller names something that does not exist
├── QueueFull               too many tasks wait; come back later
├── PermissionDenied        the caller may not do that
├── ShuttingDown            the worker ends and takes no new task
├── GpuOutOfMemory          the capability's own fault
├── ModelLoadFailed         the capability's own fault
├── TaskTimeLimitExceeded   the capability's own fault
└── InternalFault           the capability's own fault
"""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

# The message travels twice: percent-encoded (up to three times as long) and, with the details,
# in base64. All of it has to stay below 8 KiB, with room for other trailers.
_MESSAGE_BYTES = 800
_VIOLATIONS_BYTES = 1600
_MOST_METADATA = 4


@dataclass(frozen=True)
class FieldViolation:
    """A field of the request by its path, and what to do about it."""

    field: str
    description: str


class AtelierError(Exception):
    """An error with a gRPC status code and a stable reason.

    `reason` is UPPER_SNAKE_CASE as google.rpc.ErrorInfo wants it; clients may rely on it.
    """

    code = grpc.StatusCode.INTERNAL
    reason = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_seconds: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.reason
        self.violations = violations
        self.retry_after_seconds = retry_after_seconds
        self.metadata = dict(metadata or {})


class InvalidArgument(AtelierError):
    """The request cannot be served as it is; one violation for each wrong field."""

    code = grpc.StatusCode.INVALID_ARGUMENT
    reason = "INVALID_FIELD"

    def __init__(self, *violations: FieldViolation, reason: str | None = None) -> None:
        text = "; ".join(f"{item.field}: {item.description}" for item in violations)
        super().__init__(text, violations=violations, reason=reason)


class NotFound(AtelierError):
    """There is no `kind` of that name."""

    code = grpc.StatusCode.NOT_FOUND
    reason = "NOT_FOUND"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} '{name}'", metadata={kind: name})


class PermissionDenied(AtelierError):
    """The caller is known and may not do that."""

    code = grpc.StatusCode.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"


class QueueFull(AtelierError):
    """As many tasks wait as the worker lets wait."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "QUEUE_FULL"

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(
            f"too many tasks are waiting; try again in {retry_after_seconds:.0f} s",
            retry_after_seconds=retry_after_seconds,
        )


class ReaderStalled(AtelierError):
    """The caller reads no further, and others wait; the caller's affair."""

    code = grpc.StatusCode.ABORTED
    reason = "READER_STALLED"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the answer was not read for {seconds:g} s while others may wait; read it as it comes"
        )


class ShuttingDown(AtelierError):
    """The worker ends and takes no new task."""

    code = grpc.StatusCode.UNAVAILABLE
    reason = "SHUTTING_DOWN"

    def __init__(self) -> None:
        super().__init__("the worker is shutting down; try again", retry_after_seconds=2.0)


class GpuOutOfMemory(AtelierError):
    """The device has not enough memory for the task; what it had taken is returned."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "GPU_OUT_OF_MEMORY"


class ModelLoadFailed(AtelierError):
    """The model cannot be loaded; the message says why. The next task tries again."""

    reason = "MODEL_LOAD_FAILED"


class TaskTimeLimitExceeded(AtelierError):
    """The task ran longer than the worker's own limit."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED
    reason = "TASK_TIME_LIMIT"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the task was stopped after the worker's time limit of {seconds:g} s")


class InternalFault(AtelierError):
    """Something in the capability broke."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)


def to_status(error: AtelierError, domain: str) -> status_pb2.Status:
    """The error as google.rpc.Status: ErrorInfo always, BadRequest and RetryInfo where they fit.

    `domain` says who speaks, "llm.atelier" for a worker, "gateway.atelier" for the gateway. Long
    texts are cut: a status travels in HTTP/2 trailers, and peers refuse more than 8 KiB of them.
    """
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain)
    for key, value in list(error.metadata.items())[:_MOST_METADATA]:
        info.metadata[cut(key, 64)] = cut(value, 100)
    details = [_packed(info)]
    if error.violations:
        details.append(_packed(_bad_request(error.violations)))
    if error.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after_seconds * 1000))
        details.append(_packed(retry))
    message = cut(error.message, _MESSAGE_BYTES)
    return status_pb2.Status(code=error.code.value[0], message=message, details=details)


def cut(text: str, limit_bytes: int) -> str:
    """The text in at most so many bytes of UTF-8; what is no Unicode becomes a question mark."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit_bytes:
        return data.decode()
    return data[: limit_bytes - 3].decode("utf-8", "ignore") + "…"


def _bad_request(violations: tuple[FieldViolation, ...]) -> error_details_pb2.BadRequest:
    """As many of the violations as there is room for, the first one at any rate."""
    request = error_details_pb2.BadRequest()
    for item in violations:
        request.field_violations.add(
            field=cut(item.field, 200), description=cut(item.description, 500)
        )
        if request.ByteSize() > _VIOLATIONS_BYTES:
            if len(request.field_violations) > 1:
                del request.field_violations[-1]
            break
    return request


def error_info(status: status_pb2.Status | None) -> error_details_pb2.ErrorInfo:
    """The status's ErrorInfo; an empty one if it has none that can be read."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status is not None else ():
        try:
            if detail.Unpack(info):
                return info
        except DecodeError:
            continue
    return error_details_pb2.ErrorInfo()


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
