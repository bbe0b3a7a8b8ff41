"""Turns a failed call into sentences for a person: what happened, and what to do."""

from typing import cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.cli.complaint import ComplaintError


def explain(error: grpc.RpcError, address: str) -> ComplaintError:
    """The complaint that tells of a failed call to the gateway at `address`."""
    code = error.code()
    status = rpc_status.from_call(cast("grpc.Call", error))
    if status is None and code is grpc.StatusCode.UNAVAILABLE:
        return ComplaintError(
            f"no gateway answers at {address}; start it with `atelier up` or `make run`, "
            f"or name another with --address{_hint(error.details() or '')}"
        )
    if code is grpc.StatusCode.CANCELLED:
        return ComplaintError("the call was cancelled")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED and status is None:
        return ComplaintError(f"the gateway at {address} did not answer in time")
    return ComplaintError(_sentences(code, error.details() or "", status))


def _hint(details: str) -> str:
    """What helps where the connection was made, and then given up."""
    if "SSL" in details or "handshake" in details or "certificate" in details.lower():
        return "; it was not the gateway that --ca vouches for, or it asks for a --certificate"
    if "Socket closed" in details or "reset" in details:
        return "; if it speaks TLS, name its authority with --ca"
    return ""


def _sentences(code: grpc.StatusCode, message: str, status: status_pb2.Status | None) -> str:
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in (info, request, retry):
        _fill(detail, status)
    if request.field_violations:
        text = "; ".join(f"{item.field}: {item.description}" for item in request.field_violations)
    else:
        text = message or "no reason was given"
    origin = info.domain.removesuffix(".atelier") or "the gateway"
    reason = f", {info.reason}" if info.reason else ""
    text = f"{_what_happened(code, origin)}: {text} ({code.name}{reason})"
    if retry.HasField("retry_delay") and "try again" not in text:
        text += f"; try again in {retry.retry_delay.ToTimedelta().total_seconds():g} s"
    elif code is grpc.StatusCode.UNAUTHENTICATED:
        text += "; give it with ATELIER_KEY=<key> or --key"
    elif code is grpc.StatusCode.UNAVAILABLE:
        text += "; look at `atelier status` and `atelier logs`"
    return text


def _what_happened(code: grpc.StatusCode, origin: str) -> str:
    match code:
        case (
            grpc.StatusCode.INVALID_ARGUMENT
            | grpc.StatusCode.OUT_OF_RANGE
            | grpc.StatusCode.FAILED_PRECONDITION
            | grpc.StatusCode.NOT_FOUND
        ):
            return f"{origin} cannot do that"
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            return f"{origin} does not let us in"
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return f"{origin} has no room"
        case grpc.StatusCode.UNAVAILABLE:
            return f"{origin} cannot be reached" if origin == "the gateway" else "not available"
        case grpc.StatusCode.UNIMPLEMENTED:
            return f"{origin} does not know that"
        case _:
            return f"{origin} failed"


def _fill(detail: Message, status: status_pb2.Status | None) -> None:
    """Reads the detail of that kind from the status, if it has one."""
    for packed in status.details if status is not None else ():
        if packed.Unpack(detail):
            return
