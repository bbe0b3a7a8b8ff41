"""The gateway's HTTP face: finds the route of a request, makes the call, sends the answer.

Knows the core only as a Backend, and the capabilities only by their descriptors.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from google.api import http_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from prometheus_client import CollectorRegistry

from services.common import call_id
from services.common.errors import AtelierError, FieldViolation, InvalidArgument
from services.common.methods import is_task
from services.gateway.access.gate import Gate
from services.gateway.bridge import errors, headers
from services.gateway.bridge.backend import Backend, CallFailed
from services.gateway.bridge.bodies import read_body
from services.gateway.bridge.comments import proto_comments
from services.gateway.bridge.cors import Cors
from services.gateway.bridge.gate import SESSION_PATH, HttpGate
from services.gateway.bridge.hosts import ANY_HOST, Hosts
from services.gateway.bridge.metrics import GONE, OTHER, HttpMetrics, RouteName
from services.gateway.bridge.openapi import Described, openapi_document
from services.gateway.bridge.respond_async import (
    PREFERENCE,
    Defer,
    deferral_of,
    prefers_async,
)
from services.gateway.bridge.routes import Match, Route, RouteTable, declared_routes
from services.gateway.bridge.spans import span_middlewares
from services.gateway.bridge.sse import Pace, send_bytes, send_events
from services.gateway.bridge.status_page import StatusPage
from services.gateway.bridge.studios import Studios
from services.gateway.bridge.transcode import JSON_TYPE, Body, Transcoder, answers_bytes

REQUEST_ID = web.RequestKey("request_id", str)
_ROUTE = web.RequestKey("route", RouteName)

log = logging.getLogger(__name__)
_SAFE_METHODS = ("GET", "HEAD")
# Reading 10 MB of base64 takes 0.2 s, which other requests need not wait for.
_LARGE_BYTES = 256 * 1024


def _always() -> bool:
    return True


def _not_told(_request: web.Request, _error: Exception) -> web.Response | None:
    return None


@dataclass(frozen=True, kw_only=True)
class BridgeOptions:
    """What can be set about the bridge.

    `cors_origins`: web origins that may call, such as "http://localhost:5173"; "*" for all.
    `max_body_bytes`: the largest body of a request.
    `body_seconds`: how long a body may take to arrive.
    `studios`: the folder of the built studios; the status page is served while it is missing.
    `extra_rules`: routes beside the annotated ones, for protos that cannot be annotated.
    `extra_routes`: routes with handlers of their own; they come before all others.
    `extra_paths`: what GET /openapi.json says of these, as path items of OpenAPI.
    `tell`: tells an error on a path that has a shape of its own for them; None on all others.
    `serving`: what GET /healthz says of the gateway itself.
    `hosts`: names by which browsers may reach the bridge, beside localhost; "*" for all.
    `gate`: who may call; None lets everybody in.
    `defer`: takes a task whose caller would rather not wait; None makes everybody wait.
    `metrics`: counts the requests; None counts nowhere.
    """

    cors_origins: tuple[str, ...] = ()
    max_body_bytes: int = 64 * 1024 * 1024
    body_seconds: float = 60.0
    pace: Pace = field(default_factory=Pace)
    studios: Path | None = None
    extra_rules: tuple[http_pb2.HttpRule, ...] = ()
    extra_routes: tuple[web.AbstractRouteDef, ...] = ()
    extra_paths: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    tell: Callable[[web.Request, Exception], web.Response | None] = _not_told
    serving: Callable[[], bool] = _always
    hosts: tuple[str, ...] = (ANY_HOST,)
    gate: Gate | None = None
    defer: Defer | None = None
    metrics: HttpMetrics | None = None


def build_app(
    backend: Backend,
    pool: DescriptorPool,
    services: Sequence[str],
    options: BridgeOptions | None = None,
) -> web.Application:
    """Build the application that serves the routes of `services`, full names in `pool`.

    It must run with handler_cancellation, or a closed tab does not cancel its call; HttpServer
    does so. Raises KeyError or RouteError for a declaration that cannot be served.
    """
    options = options or BridgeOptions()
    bridge = _Bridge(backend, pool, services, options)
    app = web.Application(middlewares=[*span_middlewares(_route_name), bridge.guard])
    app.on_response_prepare.append(bridge.add_headers)
    app.router.add_get("/healthz", bridge.healthz)
    app.router.add_get("/openapi.json", bridge.openapi)
    app.router.add_get("/", bridge.front)
    app.router.add_routes(bridge.session_routes)
    app.router.add_routes(options.extra_routes)
    # "." takes no line break, which a path may have, encoded.
    app.router.add_route("*", "/{path:(?s:.*)}", bridge.dispatch)
    bridge.declare_series(app.router)
    return app


class _Bridge:
    def __init__(
        self,
        backend: Backend,
        pool: DescriptorPool,
        services: Sequence[str],
        options: BridgeOptions,
    ) -> None:
        self._backend = backend
        self._pool = pool
        self._options = options
        self._routes = RouteTable(declared_routes(pool, services, options.extra_rules))
        self._transcoder = Transcoder(pool)
        self._cors = Cors(options.cors_origins)
        self._hosts = Hosts(options.hosts)
        self._gate = HttpGate(options.gate) if options.gate is not None else None
        self._studios = Studios(options.studios) if options.studios else None
        self._status_page = StatusPage()
        self._metrics = options.metrics or HttpMetrics(CollectorRegistry())
        self._openapi = b""

    @property
    def guard(self) -> Middleware:
        """The middleware around everything: the request's id, foreign pages, errors, the log."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.monotonic()
            request[REQUEST_ID] = headers.request_id(request.headers)
            call_id.current.set(request[REQUEST_ID])
            call_id.trace.set(call_id.trace_of(headers.trace(request.headers)))
            status: int | None = None
            self._metrics.running.inc()
            try:
                response = await self._guarded(request, handler)
                status = response.status
            finally:
                seconds = time.monotonic() - began
                self._metrics.running.dec()
                self._metrics.ended(_route_name(request), status, seconds)
                log.info(
                    "%s %s %s %.0f ms",
                    request.method,
                    _logged_path(request),
                    status or GONE,
                    seconds * 1000,
                    extra={"fields": _log_fields(request, status, seconds)},
                )
            return response

        return guard

    def declare_series(self, router: web.UrlDispatcher) -> None:
        """Create the series of all routes, those with handlers of their own as well."""
        own = (_own_name(route) for route in router.routes() if route.handler != self.dispatch)
        self._metrics.declare((*map(_name_of, self._routes.routes), *own))

    @property
    def session_routes(self) -> list[web.RouteDef]:
        """Where a page gets its cookie, if keys are asked for."""
        if self._gate is None:
            return []
        return [
            web.post(SESSION_PATH, self._gate.begin_session),
            web.delete(SESSION_PATH, self._gate.end_session),
        ]

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add what every answer carries, streams and errors included."""
        response.headers[headers.REQUEST_ID] = request.get(REQUEST_ID, "")
        response.headers["Server"] = "atelier"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.update(self._cors.headers(request.headers))

    async def healthz(self, _request: web.Request) -> web.StreamResponse:
        """Speak for the gateway itself, not for any capability."""
        serving = self._options.serving()
        body = {"status": "serving" if serving else "not serving"}
        return web.json_response(body, status=200 if serving else 503)

    async def front(self, _request: web.Request) -> web.StreamResponse:
        """Serve the studios once they are built, the status page until then."""
        page = self._studios.answer("/") if self._studios is not None else None
        return page or self._status_page.answer()

    async def openapi(self, _request: web.Request) -> web.StreamResponse:
        """Describe the routes for tools and people."""
        if not self._openapi:
            described = Described(comments=proto_comments(), extra_paths=self._options.extra_paths)
            document = openapi_document(self._routes, described)
            self._openapi = json.dumps(document, ensure_ascii=False).encode()
        return web.Response(body=self._openapi, headers={"Content-Type": JSON_TYPE})

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        """Serve a declared route, or a page of the studios."""
        path = request.rel_url.raw_path
        if request.method == "OPTIONS":
            return await self._preflight(request, path)
        try:
            match = self._routes.match(request.method, path)
        except UnicodeDecodeError as error:
            raise InvalidArgument(FieldViolation("path", "not UTF-8")) from error
        if match is not None:
            request[_ROUTE] = _name_of(match.route)
            return await self._call(request, match)
        if allowed := self._routes.methods_of(path):
            raise errors.wrong_method(request.method, path, allowed)
        if request.method in _SAFE_METHODS and path.split("/")[1] not in self._routes.prefixes:
            page = self._studios.answer(request.path) if self._studios is not None else None
            if page is not None:
                return page
        raise errors.no_route(request.method, path, self._routes.nearest(request.method, path))

    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._hosts.check(request.headers.get("Host", ""))
            self._cors.check(request.method, request.headers)
            if self._gate is None or self._is_open(request):
                return await handler(request)
            with self._gate.admitted(request):
                return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            told = self._options.tell(request, error)
            if told is not None:
                return told
            failure = self._failure(request, error)
        return web.Response(
            status=failure.http_status,
            body=failure.json(self._pool).encode(),
            headers={**failure.headers, "Content-Type": JSON_TYPE},
        )

    def _is_open(self, request: web.Request) -> bool:
        """Tell whether no key is asked for: pages, and what is no route. All else is closed."""
        handler = request.match_info.handler
        if handler in (self.healthz, self.front, self.openapi) or request.method == "OPTIONS":
            return True
        if self._gate is not None and handler == self._gate.end_session:
            return True
        path = request.rel_url.raw_path
        try:
            return handler == self.dispatch and self._routes.match(request.method, path) is None
        except UnicodeDecodeError:
            return False

    async def _call(self, request: web.Request, match: Match) -> web.StreamResponse:
        route = match.route
        metadata = headers.call_metadata(request.headers, request[REQUEST_ID])
        timeout_seconds = headers.timeout_seconds(request.headers)
        query = {name: request.query.getall(name) for name in request.query}
        message = await self._message(match, query, await self._body(request))
        defer = self._options.defer
        if defer is not None and prefers_async(request.headers) and is_task(route.method):
            return await self._deferred(defer, request, route, message)
        if route.streams:
            stream = self._backend.stream(
                route.grpc_path, message, metadata=metadata, timeout_seconds=timeout_seconds
            )
            async with aclosing(stream):
                return await self._send_stream(request, match, stream)
        response = await self._backend.unary(
            route.grpc_path, message, metadata=metadata, timeout_seconds=timeout_seconds
        )
        answer = self._transcoder.answer(route, response)
        return web.Response(body=answer.data, headers={"Content-Type": answer.content_type})

    async def _deferred(
        self, defer: Defer, request: web.Request, route: Route, message: bytes
    ) -> web.StreamResponse:
        operation = await defer(deferral_of(request.headers, route.grpc_path, message))
        return web.Response(
            status=202,
            body=self._transcoder.json(operation),
            headers={
                "Content-Type": JSON_TYPE,
                "Location": f"/v1/{operation.name}",
                "Preference-Applied": PREFERENCE,
            },
        )

    async def _send_stream(
        self, request: web.Request, match: Match, stream: AsyncGenerator[bytes]
    ) -> web.StreamResponse:
        pace, route = self._options.pace, match.route
        if answers_bytes(route):
            return await send_bytes(request, stream, partial(self._transcoder.answer, route), pace)
        render = partial(self._transcoder.event, route)
        return await send_events(request, stream, render, partial(self._error, request), pace)

    async def _message(self, match: Match, query: dict[str, list[str]], body: Body) -> bytes:
        read = self._transcoder.request
        if len(body.data) < _LARGE_BYTES:
            return read(match, query, body)
        return await asyncio.to_thread(read, match, query, body)

    async def _body(self, request: web.Request) -> Body:
        options = self._options
        return await read_body(
            request, max_bytes=options.max_body_bytes, seconds=options.body_seconds
        )

    def _error(self, request: web.Request, error: Exception) -> str:
        return self._failure(request, error).json(self._pool)

    def _failure(self, request: web.Request, error: Exception) -> errors.Failure:
        failure = errors.failure_of(error, request[REQUEST_ID])
        if not isinstance(error, AtelierError | CallFailed):
            log.error("%s %s failed", request.method, _logged_path(request), exc_info=error)
        return failure

    async def _preflight(self, request: web.Request, path: str) -> web.StreamResponse:
        methods = {*self._routes.methods_of(path), *await _own_methods(request)}
        allowed = ", ".join([*sorted(methods or {"GET", "HEAD"}), "OPTIONS"])
        return web.Response(status=204, headers=self._cors.preflight(request.headers, allowed))


async def _own_methods(request: web.Request) -> set[str]:
    """The methods of the path among the routes with handlers of their own."""
    methods: set[str] = set()
    for resource in request.app.router.resources():
        methods |= (await resource.resolve(request))[1]
    return methods - {hdrs.METH_ANY}


def _name_of(route: Route) -> RouteName:
    return RouteName(route.http_method, route.template.text)


def _route_name(request: web.Request) -> RouteName:
    """What the series call the route of a request that has been answered."""
    # What no handler of its own takes is "other"; its series were not declared.
    return request.get(_ROUTE) or _own_name(request.match_info.route)


def _own_name(route: web.AbstractRoute) -> RouteName:
    """The name of a route that has a handler of its own."""
    if route.resource is None:
        return OTHER
    return RouteName(route.method.replace("HEAD", "GET"), route.resource.canonical)


def _log_fields(request: web.Request, status: int | None, seconds: float) -> dict[str, object]:
    """What the log tells programs of an answered request; no status if its caller has gone."""
    fields: dict[str, object] = {
        "http_method": request.method,
        "path": _logged_path(request),
        "status": status,
        "duration_seconds": round(seconds, 6),
        "peer": request.remote,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _logged_path(request: web.Request) -> str:
    """The path as it came, still encoded: a decoded one could hold a line break of its own."""
    return request.rel_url.raw_path[:300]
