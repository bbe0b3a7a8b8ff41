"""The echo capability's worker, on the same skeleton as the real ones; also as a process.

python -m tests.support.echo.worker PORT
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from functools import partial

import grpc
from google.rpc import code_pb2
from grpc_status import rpc_status

from services.common.errors import AtelierError, to_status
from services.common.settings import WorkerSettings
from services.common.worker import Worker

SERVICE = "atelier.echo.v1.EchoService"


def echo_settings(port: int = 0, **changes: object) -> WorkerSettings:
    values: dict[str, object] = {
        "name": "echo",
        "service": SERVICE,
        "port": port,
        "metrics_port": 0,
        "model": "none",
        "shutdown_grace_seconds": 1.0,
    }
    return WorkerSettings(**(values | changes))  # type: ignore[arg-type]  # a test's own values


class EchoServicer:
    """Does what the request says, and notes what it has seen."""

    def __init__(self) -> None:
        self.calls = 0
        self.cancelled = asyncio.Event()
        """Set once a running call was cancelled."""
        self.written = 0
        """Replies that the transport has taken."""

    async def Say(self, request, context):
        self.calls += 1
        await context.send_initial_metadata((("x-echo-initial", "first"),))
        context.set_trailing_metadata((("x-echo-trailing", "last"), ("x-echo-bin", b"\x00\xff")))
        return await self._reply(request, context, 0)

    async def Describe(self, request, context):
        return await self._reply(request, context, 0)

    async def Repeat(self, request, context):
        self.calls += 1
        await context.send_initial_metadata((("x-echo-initial", "first"),))
        context.set_trailing_metadata((("x-echo-trailing", "last"),))
        for number in range(max(1, request.times)):
            await context.write(await self._reply(request, context, number, fail=False))
            self.written += 1
        await self._end(request, context)

    async def Join(self, requests, context):
        from atelier.echo.v1 import echo_pb2

        self.calls += 1
        texts = [request.text async for request in requests]
        return echo_pb2.EchoReply(text=" ".join(texts), number=len(texts))

    async def Talk(self, requests, context) -> AsyncIterator[object]:
        self.calls += 1
        number = 0
        async for request in requests:
            yield await self._reply(request, context, number)
            number += 1

    async def _reply(self, request, context, number, fail=True):
        from atelier.echo.v1 import echo_pb2

        try:
            await asyncio.sleep(request.delay_seconds)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if fail:
            await self._end(request, context)
        remaining = context.time_remaining()
        return echo_pb2.EchoReply(
            text=request.text,
            number=number,
            padding=bytes(request.padding_bytes),
            metadata=[f"{key}={value}" for key, value in context.invocation_metadata()],
            remaining_seconds=remaining if remaining is not None and remaining < 1e6 else 0,
        )

    async def _end(self, request, context) -> None:
        if request.die:
            os._exit(9)
        if not request.fail_code:
            return
        code = next(item for item in grpc.StatusCode if item.name == request.fail_code)
        if not request.fail_reason:
            await context.abort(code, "told to fail")
        error = AtelierError("told to fail", reason=request.fail_reason)
        status = to_status(error, "echo.atelier")
        status.code = code_pb2.Code.Value(request.fail_code)
        await context.abort_with_status(rpc_status.to_status(status))


def register(servicer: EchoServicer):
    from atelier.echo.v1 import echo_pb2_grpc

    return partial(echo_pb2_grpc.add_EchoServiceServicer_to_server, servicer)


def main() -> None:
    Worker(echo_settings(int(sys.argv[1])), stages=()).serve(register(EchoServicer()))


if __name__ == "__main__":
    main()
