"""What every handler has around its own work: limits, pace, and how errors are told."""

import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from services.common.errors import AtelierError
from services.gateway.bridge.app import REQUEST_ID
from services.gateway.bridge.backend import CallFailed
from services.gateway.bridge.sse import Pace
from services.gateway.openai import streams
from services.gateway.openai.bodies import Limits
from services.gateway.openai.errors import ApiError, failure

NAMES = web.RequestKey("openai_names", Mapping[str, str])
"""Our fields by the parameters that stand for them in this request's errors."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be set. `public_url`: where clients reach this gateway, "" for as they called it."""

    limits: Limits
    pace: Pace = field(default_factory=Pace)
    public_url: str = ""


def told(request: web.Request, error: Exception) -> ApiError:
    """Any exception as the caller is told of it; one that nobody foresaw goes to the log."""
    if not isinstance(error, ApiError | AtelierError | CallFailed):
        log.error("%s %s failed", request.method, request.rel_url.raw_path[:300], exc_info=error)
    return failure(error, request[REQUEST_ID], request.get(NAMES, {}))


async def send_events(
    request: web.Request, events: AsyncGenerator[bytes], pace: Pace
) -> web.StreamResponse:
    """Sends server-sent events, with a later error as the last of them."""
    return await streams.send(request, events, partial(told, request), pace)
