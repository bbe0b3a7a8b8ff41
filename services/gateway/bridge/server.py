"""Runs the bridge on a port, by TLS if it has an identity. Knows nothing of what it serves."""

import asyncio

from aiohttp import web

from services.common import tls
from services.gateway.bridge.connections import ConnectionLimits, Connections


class HttpServer:
    """An HTTP server whose handlers are cancelled when their client goes away."""

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        grace_seconds: float = 10.0,
        identity: tls.LiveIdentity | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        """Take the address, port 0 for any free one.

        At the end, requests have half of `grace_seconds` to finish by themselves, and after they
        were cancelled the other half.
        """
        self._app = app
        self._host = host
        self._port = port
        self._grace_seconds = grace_seconds
        self._identity = identity
        self._limits = limits or ConnectionLimits()
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None

    async def start(self) -> int:
        """Open the port and return it; raise OSError if it is taken."""
        runner = web.AppRunner(
            self._app, handler_cancellation=True, shutdown_timeout=self._grace_seconds / 2
        )
        await runner.setup()
        self._runner = runner
        try:
            self._listening = await self._listen(runner)
        except OSError:
            await self.stop()
            raise
        return int(self._listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more connections, let requests finish within the time, then cancel them."""
        if self._listening is not None:
            self._listening.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> asyncio.Server:
        assert runner.server is not None  # noqa: S101  # it is set up
        secure = self._identity is not None
        return await asyncio.get_running_loop().create_server(
            Connections(runner.server, self._limits),
            self._host,
            self._port,
            backlog=128,
            ssl=tls.server_context(self._identity) if self._identity else None,
            ssl_handshake_timeout=self._limits.head_seconds if secure else None,
        )
