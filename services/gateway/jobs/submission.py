"""What is asked to be run as a job, checked: the method, its request, who watches over it.

Checks the form only; what a request may ask for is the worker's to say.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message

from atelier.options.v1 import options_pb2
from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.dispatcher import Route
from services.gateway.jobs.record import DROP, KEEP, NewJob

MAX_TEXT_CHARACTERS = 128
_SEEDS = 2**32


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A task to run as a job. `request` is serialised, `method` "package.Service/Method"."""

    method: str
    request: bytes
    idempotency_key: str = ""
    presence: str = ""
    on_leave: str = ""
    retry_of: str = ""


def packed_submission(
    method: str, request: AnyMessage, *, idempotency_key: str, presence: str, on_leave: str
) -> Submission:
    """A submission whose request came in an Any. Raises InvalidArgument for one of another type."""
    descriptor = _descriptor(method)
    expected = str(descriptor.input_type.full_name)
    if not request.type_url:
        raise _wrong(
            "request", f'is missing; give it with "@type": "type.googleapis.com/{expected}"'
        )
    if request.TypeName() != expected:
        raise _wrong("request.@type", f"is {request.TypeName()}, but {method} takes {expected}")
    return Submission(
        method=method,
        request=request.value,
        idempotency_key=idempotency_key,
        presence=presence,
        on_leave=on_leave,
    )


def checked(
    submission: Submission,
    routes: Mapping[str, Route],
    *,
    submitter: str,
    max_attempts: int,
    traceparent: str = "",
) -> NewJob:
    """The submission as a new job. Raises InvalidArgument that names the field."""
    method = submission.method.removeprefix("/")
    route = task_route(method, routes)
    _check_text("idempotency_key", submission.idempotency_key)
    check_leaving(submission.on_leave, submission.presence)
    request = _request(method, submission.request)
    # In the one order: clients may write the same message in several.
    same = request.SerializeToString(deterministic=True)
    _draw(request)
    return NewJob(
        capability=route.monitor.name,
        method=method,
        request=request,
        fingerprint=hashlib.sha256(method.encode() + b"\0" + same).hexdigest(),
        submitter=submitter,
        idempotency_key=submission.idempotency_key,
        presence=submission.presence,
        on_leave=submission.on_leave or KEEP,
        retry_of=submission.retry_of,
        max_attempts=max_attempts,
        traceparent=traceparent,
    )


def task_route(method: str, routes: Mapping[str, Route]) -> Route:
    """The route of a method that can be a job. Raises InvalidArgument for any other."""
    route = routes.get(f"/{method}")
    if route is None or not _can_be_job(route):
        raise _wrong("method", f"'{method[:200]}' is no task; those there are: {_tasks(routes)}")
    return route


def check_leaving(on_leave: str, presence: str) -> None:
    """Raises InvalidArgument for an on_leave that is none, or that nobody's presence goes with,
    and for a presence that is too long.
    """
    _check_text("presence", presence)
    if on_leave not in ("", KEEP, DROP):
        raise _wrong("on_leave", f"must be '{KEEP}' or '{DROP}', not '{on_leave[:64]}'")
    if on_leave == DROP and not presence:
        raise _wrong("presence", f"is needed for on_leave '{DROP}': it tells who may leave")


def _check_text(field: str, text: str) -> None:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise _wrong(field, f"has {len(text)} characters; at most {MAX_TEXT_CHARACTERS} may be")
    # A header may hold any bytes, and not every database keeps a NUL.
    if not text.isprintable():
        raise _wrong(field, "may hold printable characters only, by HTTP in UTF-8")


def _descriptor(method: str) -> MethodDescriptor:
    name = method.removeprefix("/").replace("/", ".")
    try:
        return descriptor_pool.Default().FindMethodByName(name)
    except KeyError:
        raise _wrong(
            "method",
            f"'{method[:200]}' is no method; write it as 'atelier.image.v1.ImageService/"
            "GenerateImage'",
        ) from None


def _request(method: str, data: bytes) -> Message:
    try:
        request: Message = message_factory.GetMessageClass(_descriptor(method).input_type)()
        request.ParseFromString(data)
    except DecodeError:
        raise _wrong("request", "is no message of the method's request type") from None
    return request


def _draw(request: Message) -> None:
    """Draws the numbers that decide the result and were left out."""
    for field in cast("list[FieldDescriptor]", request.DESCRIPTOR.fields):
        if _is_drawn(field) and not request.HasField(field.name):
            setattr(request, field.name, secrets.randbelow(_SEEDS))


def _is_drawn(field: FieldDescriptor) -> bool:
    whole = (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
    marked: bool = field.GetOptions().Extensions[options_pb2.drawn]  # type: ignore[index]  # the stub's type is too general
    return marked and field.cpp_type in whole and field.has_presence


def _tasks(routes: Mapping[str, Route]) -> str:
    return ", ".join(path[1:] for path, route in routes.items() if _can_be_job(route))


def _can_be_job(route: Route) -> bool:
    return route.method.is_task and not route.method.name.client_streaming


def _wrong(field: str, text: str) -> InvalidArgument:
    return InvalidArgument(FieldViolation(field, text))
