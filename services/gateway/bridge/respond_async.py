"""`Prefer: respond-async` (RFC 7240): a task's own route, answered at once with an operation.

Knows headers; what runs the task is handed in.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from google.longrunning import operations_pb2
from multidict import CIMultiDictProxy

PREFERENCE = "respond-async"


@dataclass(frozen=True)
class Deferral:
    """A task to run later; see atelier.jobs.v1.SubmitJobRequest for the fields."""

    method: str
    """As gRPC's paths have it, "/atelier.image.v1.ImageService/GenerateImage"."""
    request: bytes
    idempotency_key: str = ""
    presence: str = ""
    on_leave: str = ""


Defer = Callable[[Deferral], Awaitable[operations_pb2.Operation]]
"""Accepts a task and gives its operation; raises AtelierError if it cannot."""


def prefers_async(headers: CIMultiDictProxy[str]) -> bool:
    """Whether the caller would rather not wait. Several lines are one list."""
    preferences = ",".join(headers.getall("Prefer", [])).lower().split(",")
    return any(item.partition(";")[0].strip() == PREFERENCE for item in preferences)


def idempotency_key(headers: CIMultiDictProxy[str]) -> str:
    """The key of the request, "" without one.

    It may stand in quotes, as a string of RFC 8941 does; they are no part of it.
    """
    text = headers.get("Idempotency-Key", "")
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text


def deferral_of(headers: CIMultiDictProxy[str], method: str, request: bytes) -> Deferral:
    """The task with what the headers say of it."""
    return Deferral(
        method=method,
        request=request,
        idempotency_key=idempotency_key(headers),
        presence=headers.get("X-Atelier-Presence", ""),
        on_leave=headers.get("X-Atelier-On-Leave", ""),
    )
