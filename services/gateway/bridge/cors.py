"""Which web pages may call: CORS for the configured origins, and no writing by any other page.

Whoever runs Atelier on loopback also has a browser with foreign pages in it. They cannot read
answers without CORS, but they could start work with a plain POST; so a request that changes
something and comes from a page of another origin is refused, as Sec-Fetch-Site and Origin tell.
Programs send neither header and are not concerned.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import grpc

from services.gateway.bridge.errors import Refused

ANY_ORIGIN = "*"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_EXPOSED = "x-request-id, retry-after"
_PREFLIGHT_SECONDS = 600


class Cors:
    """The rules for requests that pages of other origins make."""

    def __init__(self, origins: Collection[str]) -> None:
        """Take origins such as "http://localhost:5173"; "*" allows every one."""
        self._origins = frozenset(origin.rstrip("/") for origin in origins)

    def allows(self, origin: str) -> bool:
        """Tell whether pages of the origin may call and read."""
        return ANY_ORIGIN in self._origins or origin in self._origins

    def headers(self, request_headers: Mapping[str, str]) -> dict[str, str]:
        """Give the headers that every answer carries."""
        if not self._origins:
            return {}
        origin = request_headers.get("Origin")
        if origin is None or not self.allows(origin):
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
        }

    def preflight(self, request_headers: Mapping[str, str], allowed: str) -> dict[str, str]:
        """Give the headers that answer OPTIONS; `allowed` lists the methods of the path."""
        origin = request_headers.get("Origin")
        if origin is None or not self.allows(origin):
            return {"Allow": allowed}
        return {
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": request_headers.get(
                "Access-Control-Request-Headers", "content-type"
            ),
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }

    def check(self, method: str, request_headers: Mapping[str, str]) -> None:
        """Raise Refused (403) if a page of a foreign origin wants to change something."""
        origin = request_headers.get("Origin", "")
        if method in _SAFE_METHODS or (origin and self.allows(origin)):
            return
        site = request_headers.get("Sec-Fetch-Site")
        own = urlsplit(origin).netloc == request_headers.get("Host") if origin else True
        if site not in ("same-origin", "none") if site is not None else not own:
            raise _foreign(origin)


def _foreign(origin: str) -> Refused:
    text = f"pages of the origin '{origin}' may not call; the gateway's settings say which may"
    return Refused(403, grpc.StatusCode.PERMISSION_DENIED, "ORIGIN_NOT_ALLOWED", text)
