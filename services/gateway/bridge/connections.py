"""HTTP connections that cost little when their clients mean harm, or know no better.

A client has limited time for the head of its first request (later ones are bound by the idle
time), there are only so many connections, and what is no HTTP gets an error in JSON as all else.
"""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus

import grpc
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from google.protobuf import descriptor_pool

from services.gateway.bridge.errors import Failure, Refused, failure_of

log = logging.getLogger(__name__)
MOST_LINE_BYTES = 8190
MOST_HEADERS = 128
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """How long clients may take, and how many there may be.

    `head_seconds` hold for the TLS handshake, and again for the head of the first request.
    """

    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    most: int = 1000


class Connections:
    """Makes a protocol for each connection, as asyncio's servers want it."""

    def __init__(self, server: web.Server, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = 0
        self._server = server
        self._logger = _quiet_about_malformed_requests()

    def __call__(self) -> "Connection":
        """A protocol that has no connection yet."""
        return Connection(
            self,
            self._server,
            keepalive_timeout=self.limits.idle_seconds,
            logger=self._logger,
        )


class Connection(web.RequestHandler):
    """One connection, timed and counted."""

    def __init__(
        self,
        connections: Connections,
        server: web.Server,
        *,
        keepalive_timeout: float,
        logger: logging.Logger,
    ) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=keepalive_timeout,
            logger=logger,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner passes it
            # A compressed body is refused, so none is unpacked to find that out.
            auto_decompress=False,
            max_line_size=MOST_LINE_BYTES,
            max_field_size=MOST_LINE_BYTES,
            max_headers=MOST_HEADERS,
        )
        self._connections = connections
        self._waiting: asyncio.TimerHandle | None = None
        self._tail = b""
        self._has_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts it, and begins to wait for the head; says no if there are too many."""
        super().connection_made(transport)
        self._connections.open += 1
        limits = self._connections.limits
        if self._connections.open > limits.most:
            log.warning("refused an HTTP connection: %d are open", limits.most)
            self._refuse(_too_many())
            return
        self._waiting = self._loop.call_later(limits.head_seconds, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Looks for the end of the first head on the way."""
        if self._waiting is not None:
            # Empty lines before a request are none of its head, however many there are.
            head = data if self._has_begun else data.lstrip(b"\r\n")
            self._has_begun = bool(head) or self._has_begun
            self._tail = self._tail[1 - len(_END_OF_HEAD) :] + head
            if _END_OF_HEAD in self._tail:
                self._stop_waiting()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Counts its end."""
        self._connections.open -= 1
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, or failed outside the bridge."""
        # It logs, and raises if an answer has begun.
        super().handle_error(request, status, exc, message)
        failure = failure_of(_of_parsing(exc), "")
        response = web.Response(
            status=failure.http_status,
            text=failure.json(descriptor_pool.Default()),
            content_type="application/json",
            headers={"Server": "atelier", "X-Content-Type-Options": "nosniff"},
        )
        response.force_close()
        return response

    def _too_slow(self) -> None:
        self._stop_waiting()
        text = f"no whole request came within {self._connections.limits.head_seconds:g} s"
        code = grpc.StatusCode.DEADLINE_EXCEEDED
        self._refuse(failure_of(Refused(408, code, "SLOW_HEAD", text), ""))

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        self._tail = b""

    def _refuse(self, failure: Failure) -> None:
        """An answer before there is a request, and the end of the connection."""
        body = failure.json(descriptor_pool.Default()).encode()
        head = (
            f"HTTP/1.1 {failure.http_status} {HTTPStatus(failure.http_status).phrase}\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        if self.transport is not None:
            self.transport.write(head.encode() + body)
        self.force_close()


def _too_many() -> Failure:
    text = "too many connections are open; try again"
    refused = Refused(503, grpc.StatusCode.UNAVAILABLE, "TOO_MANY_CONNECTIONS", text)
    return failure_of(refused, "")


def _of_parsing(error: BaseException | None) -> Exception:
    """What aiohttp's parser says, as a refusal; anything else is not told."""
    if isinstance(error, LineTooLong):
        text = f"a line of the request's head is longer than {MOST_LINE_BYTES} bytes"
        return Refused(431, grpc.StatusCode.INVALID_ARGUMENT, "HEAD_TOO_LARGE", text)
    if isinstance(error, HttpProcessingError):
        text = f"the request is no HTTP/1.1, or has more than {MOST_HEADERS} headers"
        return Refused(400, grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST", text)
    return error if isinstance(error, Exception) else RuntimeError("no request")


def _quiet_about_malformed_requests() -> logging.Logger:
    """Give aiohttp's logger, without the traceback for each request that is no HTTP."""
    logger = logging.getLogger("aiohttp.server")
    if not any(isinstance(item, _Malformed) for item in logger.filters):
        logger.addFilter(_Malformed())
    return logger


class _Malformed(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)
