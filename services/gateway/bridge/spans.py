"""The spans of HTTP requests, which continue the traces that browsers begin.

Named as OpenTelemetry's conventions have it, https://opentelemetry.io/docs/specs/semconv/http/.
Queries are left out of them, since they may hold what is nobody's affair.
"""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.common import call_id, tracing
from services.gateway.bridge.metrics import OTHER, RouteName

_PROBE = "/healthz"
_ANY_METHOD = "*"  # of the handler that takes what is no declared route
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")


def span_middlewares(route_of: Callable[[web.Request], RouteName]) -> list[Middleware]:
    """What goes around all other middlewares; nothing if nothing is recorded.

    `route_of` names the route of a request that has been answered.
    """
    if not tracing.active.records:
        return []

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == _PROBE:
            return await handler(request)
        method = request.method if request.method in _METHODS else "HTTP"
        with tracing.active.server(method, _headers(request), _asked(request)) as span:
            try:
                response = await handler(request)
            except web.HTTPException as answer:
                _answered(span, answer.status)
                raise
            else:
                _answered(span, response.status)
                return response
            finally:
                _name(span, method, route_of(request))

    return [around]


def _headers(request: web.Request) -> list[tuple[str, str | bytes]]:
    return [(key, value) for key in call_id.TRACE_KEYS for value in request.headers.getall(key, ())]


def _asked(request: web.Request) -> dict[str, tracing.Value]:
    known = {
        "http.request.method": request.method if request.method in _METHODS else "_OTHER",
        "url.scheme": request.scheme,
        "url.path": request.rel_url.raw_path,
        "server.address": request.url.host,
        "server.port": request.url.port,
        "client.address": request.remote,
        "user_agent.original": request.headers.get("User-Agent"),
        "network.protocol.version": f"{request.version.major}.{request.version.minor}",
    }
    return {name: value for name, value in known.items() if value is not None}


def _answered(span: tracing.Span, status: int) -> None:
    span.set("http.response.status_code", status)
    if status >= 500:
        span.fail(str(status))


def _name(span: tracing.Span, method: str, route: RouteName) -> None:
    """Its route tells what it was; a path would be a name of its own for each request."""
    span.set(tracing.CALL_ID, call_id.current.get())
    if route != OTHER and route.method != _ANY_METHOD:
        span.set("http.route", route.route)
        span.rename(f"{method} {route.route}")
