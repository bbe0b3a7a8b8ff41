"""Runs the bridge on a port. Knows nothing of what it serves."""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError


class HttpServer:
    """An HTTP server whose handlers are cancelled when their client goes away."""

    def __init__(
        self, app: web.Application, *, host: str, port: int, grace_seconds: float = 10.0
    ) -> None:
        """Take the address, port 0 for any free one.

        At the end, requests have half of `grace_seconds` to finish by themselves, and after they
        were cancelled the other half.
        """
        self._app = app
        self._host = host
        self._port = port
        self._grace_seconds = grace_seconds
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Open the port and return it; raise OSError if it is taken."""
        runner = web.AppRunner(
            self._app,
            handler_cancellation=True,
            access_log=None,
            # A compressed body is refused, so none is unpacked to find that out.
            auto_decompress=False,
            logger=_quiet_about_malformed_requests(),
            shutdown_timeout=self._grace_seconds / 2,
        )
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await self.stop()
            raise
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Take no more connections, let requests finish within the time, then cancel them."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()


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
