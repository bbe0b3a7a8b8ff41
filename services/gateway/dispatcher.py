"""The core of both faces: forwards a call to the worker that owns its service.

Moves messages as bytes, never parses, copies or keeps them. Records how each call ended, and
nothing else. The faces hand in metadata and the remaining time; errors come back as CallFailed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.common import call_id, tracing
from services.common.call_log import CallLog, EndedCall
from services.common.errors import AtelierError, error_info, to_status
from services.common.methods import Method, service_methods
from services.common.rpc_metrics import MethodSeries, RpcMetrics
from services.common.rpc_tracing import attributes_of, came_out
from services.gateway import caller
from services.gateway.call_failed import CallFailed, Metadata
from services.gateway.monitor import Monitor, Start
from services.gateway.verdict import Outcome

DOMAIN = "gateway.atelier"

# How a caller shows who it is; that is for the gateway alone.
_SECRETS = ("authorization", "x-api-key", "proxy-authorization", "cookie")
# What a hop says of itself; it is not the caller's, and not passed on.
_OF_THE_HOP = ("grpc-", ":", "user-agent", "te", "content-type", *_SECRETS)
_SUCCESS = Outcome(grpc.StatusCode.OK)
_WAITED_IN_VAIN_SECONDS = 1.0
# A caller ends its call at its own deadline, but tells gRPC a time that is rounded up by as much as
# a hundredth; and the worker counts from when it gets the call. So a little may remain here.
_DEADLINE_MARGIN_SECONDS = 0.05


class _WorkerUnreachable(AtelierError):
    code = grpc.StatusCode.UNAVAILABLE
    reason = "WORKER_UNREACHABLE"


class _MessageTooLarge(AtelierError):
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "MESSAGE_TOO_LARGE"


@dataclass(slots=True)
class Route:
    """A method of a worker, with what is needed to forward to it."""

    method: Method
    monitor: Monitor
    series: MethodSeries
    stub: Any
    """The channel's multi-callable for raw bytes; another one when the channel is renewed."""
    attributes: dict[str, tracing.Value]
    """What spans say of each of its calls."""


class Dispatcher:
    """Knows every capability's methods by their paths."""

    def __init__(self, monitors: Sequence[Monitor], metrics: RpcMetrics, log: CallLog) -> None:
        self._log = log
        self._monitors = {monitor.service: monitor for monitor in monitors}
        self._routes = {
            method.path: Route(
                method,
                monitor,
                metrics.of(method.name),
                _raw_stub(monitor.connection.channel, method),
                _attributes(monitor, method),
            )
            for monitor in monitors
            for method in service_methods(monitor.service)
        }
        for monitor in monitors:
            monitor.connection.on_renewed = partial(self._renew, monitor)

    @property
    def routes(self) -> dict[str, Route]:
        """The routes by path, "/atelier.llm.v1.LlmService/Chat"."""
        return self._routes

    @property
    def services(self) -> tuple[str, ...]:
        """The full names of all workers' services."""
        return tuple(self._monitors)

    def capability_of(self, service: str) -> str | None:
        """The capability that has this service; None if there is none."""
        monitor = self._monitors.get(service)
        return monitor.name if monitor else None

    def begin(
        self, route: Route, request: Any, metadata: Metadata, timeout_seconds: float | None
    ) -> "ForwardedCall":
        """Sends the request (bytes, or an async iterator of them) on; use as a context.

        `metadata` is the caller's; what belongs to its own hop is left behind, and the call gets
        an id if it has none.
        """
        outgoing, identity = outgoing_metadata(metadata)
        call_id.current.set(identity)
        if self._log.names_traces:
            call_id.trace.set(call_id.trace_of(metadata))
        span = tracing.active.client(route.method.path[1:], outgoing, route.attributes)
        return ForwardedCall(route, request, outgoing, timeout_seconds, identity, self._log, span)

    def _renew(self, monitor: Monitor) -> None:
        for route in self._routes.values():
            if route.monitor is monitor:
                route.stub = _raw_stub(monitor.connection.channel, route.method)


class ForwardedCall:
    """One call on its way: its answer or answers, and at its end the outcome.

    The context's end decides: without an exception the call succeeded, a cancelled one was left
    by its caller, and CallFailed says how the worker, or the way to it, failed.
    """

    __slots__ = (
        "_began",
        "_call",
        "_identity",
        "_log",
        "_responses",
        "_route",
        "_span",
        "_start",
        "_timeout_seconds",
    )

    def __init__(
        self,
        route: Route,
        request: Any,
        metadata: Metadata,
        timeout_seconds: float | None,
        identity: str,
        log: CallLog,
        span: tracing.Span,
    ) -> None:
        self._identity = identity
        self._log = log
        self._span = span
        self._responses = 0
        self._route = route
        self._timeout_seconds = timeout_seconds
        self._began = time.monotonic()
        route.series.start()
        self._start: Start | None = None
        if route.method.is_task:
            self._start = route.monitor.task_started()
        self._call = route.stub(request, timeout=timeout_seconds, metadata=metadata)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._end(_SUCCESS)
        elif isinstance(error, grpc.aio.AioRpcError):
            raise self._failed(error) from None
        else:
            self._left(error)

    async def complete(self) -> tuple[bytes, Metadata, Metadata]:
        """The only response, with the initial and the trailing metadata; instead of the context.

        Raises CallFailed. It is the context spelt out, since this path is the hottest.
        """
        try:
            response = await self._call
            initial = await self._call.initial_metadata()
            trailing = await self._call.trailing_metadata()
        except grpc.aio.AioRpcError as error:
            raise self._failed(error) from None
        except BaseException as error:
            self._left(error)
            raise
        self._responses = 1
        self._end(_SUCCESS)
        return response, initial, trailing

    async def read(self) -> bytes | None:
        """The next response of a stream; None after the last."""
        response: Any = await self._call.read()
        if response is grpc.aio.EOF:
            return None
        self._responses += 1
        message: bytes = response
        return message

    async def initial_metadata(self) -> Metadata:
        """What the worker sent before its first response."""
        return tuple(await self._call.initial_metadata())

    async def trailing_metadata(self) -> Metadata:
        """What the worker sent after its last response."""
        return tuple(await self._call.trailing_metadata())

    def _failed(self, error: grpc.aio.AioRpcError) -> CallFailed:
        """The worker, or the way to it, failed."""
        failure = self._failure(error)
        self._end(self._outcome(failure))
        return failure

    def _left(self, error: BaseException) -> None:
        """The face stopped: its caller went away, or it could not write any more."""
        self._call.cancel()
        passed = self._deadline_passed()
        code = grpc.StatusCode.DEADLINE_EXCEEDED if passed else grpc.StatusCode.CANCELLED
        self._end(Outcome(code, message=str(error), deadline_passed=passed, caller_left=not passed))

    def _outcome(self, failure: CallFailed) -> Outcome:
        info = error_info(failure.details)
        return Outcome(
            failure.code,
            # The gateway's own words about a worker that did not speak are no reason of the worker.
            reason="" if info.domain == DOMAIN else info.reason,
            message=failure.message,
            deadline_passed=self._deadline_passed(),
        )

    def _end(self, outcome: Outcome) -> None:
        seconds = time.monotonic() - self._began
        self._route.series.end(outcome.code, seconds)
        monitor = self._route.monitor
        if self._span is not tracing.NOTHING:
            came_out(self._span, outcome.code, failed=outcome.code is not grpc.StatusCode.OK)
            self._span.end()
        if self._start is not None:
            self._log.write(
                EndedCall(
                    self._identity,
                    self._route.method.path,
                    outcome.code.name,
                    seconds,
                    monitor.name,
                    caller.current.get().name,
                    reason=outcome.reason,
                    responses=self._responses,
                )
            )
            monitor.task_ended(self._start, outcome)
        elif outcome.code is grpc.StatusCode.UNAVAILABLE and not outcome.reason:
            monitor.doubt()
        if outcome.deadline_passed and seconds >= _WAITED_IN_VAIN_SECONDS:
            monitor.doubt()

    def _deadline_passed(self) -> bool:
        if self._timeout_seconds is None:
            return False
        remaining = self._timeout_seconds - (time.monotonic() - self._began)
        return remaining <= _DEADLINE_MARGIN_SECONDS + self._timeout_seconds / 100

    def _failure(self, error: grpc.aio.AioRpcError) -> CallFailed:
        """The worker's own status as it is; the gateway's words where the worker did not speak."""
        details = _details(error)
        trailing: Metadata = tuple(error.trailing_metadata() or ())
        message = error.details() or ""
        # Trailers come from the worker alone, so with any of them the words are its own.
        if details is None and not trailing:
            own = self._own_words(error.code(), message)
            if own is not None:
                details = to_status(own, DOMAIN)
                message = own.message
                trailing = (*trailing, *(rpc_status.to_status(details).trailing_metadata or ()))
        return CallFailed(
            error.code(),
            message,
            details=details,
            trailing_metadata=trailing,
            capability=self._route.monitor.name,
        )

    def _own_words(self, code: grpc.StatusCode, message: str) -> AtelierError | None:
        name, target = self._route.monitor.name, self._route.monitor.target
        match code:
            case grpc.StatusCode.UNAVAILABLE:
                return _WorkerUnreachable(
                    f"the {name} worker at {target} cannot be reached: {message}",
                    retry_after_seconds=2.0,
                    metadata={"capability": name},
                )
            case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in message:
                return _MessageTooLarge(
                    f"{message}; the limit is the setting max_message_mib",
                    metadata={"capability": name},
                )
        return None


def _attributes(monitor: Monitor, method: Method) -> dict[str, tracing.Value]:
    host, _, port = monitor.target.rpartition(":")
    return {
        **attributes_of(method.path),
        "server.address": host.strip("[]"),
        "server.port": int(port),
        "atelier.capability": monitor.name,
    }


def outgoing_metadata(metadata: Metadata) -> tuple[list[tuple[str, str | bytes]], str]:
    """What of a caller's metadata goes on to the worker, with the call's id; and the id."""
    kept = [
        (key, value)
        for key, value in metadata
        if key != call_id.KEY and not key.startswith(_OF_THE_HOP)
    ]
    identity = call_id.of(metadata)
    kept.append((call_id.KEY, identity))
    return kept, identity


def _details(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    """The status details of a failed call; None if it has none, or none that fit its status."""
    try:
        status: status_pb2.Status | None = rpc_status.from_call(error)
    except (ValueError, DecodeError):
        return None
    return status


def _raw_stub(channel: grpc.aio.Channel, method: Method) -> Any:
    """The multi-callable of the method's kind, with bytes in and out."""
    kinds: dict[str, Any] = {
        "unary": channel.unary_unary,
        "server_stream": channel.unary_stream,
        "client_stream": channel.stream_unary,
        "bidi_stream": channel.stream_stream,
    }
    return kinds[method.name.type](method.path)
