"""Bodies of requests, read within limits of size and time. Knows nothing of what they hold."""

import asyncio

from aiohttp import web

from services.gateway.bridge import errors
from services.gateway.bridge.transcode import Body


async def read_body(request: web.Request, *, max_bytes: int, seconds: float) -> Body:
    """Read the whole body; raise Refused if it is too large, compressed or too slow to come."""
    if (request.content_length or 0) > max_bytes:
        raise errors.body_too_large(max_bytes)
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise errors.wrong_encoding(encoding)
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > max_bytes:
                    raise errors.body_too_large(max_bytes)
    except TimeoutError:
        raise errors.slow_body(seconds) from None
    return Body(request.headers.get("Content-Type", ""), bytes(data))
