"""The gate as HTTP has it: the key of a request, and the session that a page gets for one.

POST /v1/session with a key sets a cookie, since <img>, <video> and EventSource send no headers;
DELETE /v1/session removes it. Knows no route beside these.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from services.common.api_keys import ApiKey
from services.gateway.access.gate import Gate
from services.gateway.access.sessions import COOKIE, LIFETIME_SECONDS

SESSION_PATH = "/v1/session"


class HttpGate:
    """Lets requests in as the gate says."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @contextmanager
    def admitted(self, request: web.Request) -> Iterator[None]:
        """Count the request while the context lasts; raise KeyRequired, or that it is too much."""
        with self._gate.admitted(self._key(request)):
            yield

    async def begin_session(self, request: web.Request) -> web.StreamResponse:
        """Give a cookie for the key that the request shows."""
        response = web.Response(status=204)
        response.set_cookie(
            COOKIE,
            self._gate.sessions.token(self._key(request).id),
            max_age=LIFETIME_SECONDS,
            path="/v1",
            httponly=True,
            secure=request.secure,
            samesite="Strict",
        )
        return response

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        """Take the cookie back."""
        response = web.Response(status=204)
        response.del_cookie(COOKIE, path="/v1", httponly=True, secure=request.secure)
        return response

    def _key(self, request: web.Request) -> ApiKey:
        return self._gate.key(
            authorization=request.headers.get("Authorization", ""),
            x_api_key=request.headers.get("X-Api-Key", ""),
            session=request.cookies.get(COOKIE, ""),
        )
