"""The channel to one worker: whether it stands, and the one question whether it serves.

Knows gRPC's connectivity and health checking, not the health map.
"""

import asyncio
from collections.abc import Callable, Sequence

import grpc
from grpc import ChannelConnectivity
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common import tls

_SERVING = health_pb2.HealthCheckResponse.SERVING
# Longer than keepalive needs to find out that a worker is frozen.
_PATIENCE_SECONDS = 15.0
# How soon new certificates are seen while there is no connection and nobody asks.
_LOOK_SECONDS = 5.0


class Connection:
    """A channel, watched. Nothing is sent before the first call or check.

    `on_lost` is called when a standing connection breaks, `on_ready` whenever one stands. After a
    loss gRPC tries by itself to connect again, with growing pauses.

    With an `identity` the connection is mutual TLS. A channel keeps the certificates that it began
    with, so once it has no connection and the files are new ones, another channel takes its place
    and `on_renewed` is called.
    """

    def __init__(
        self,
        target: str,
        service: str,
        options: Sequence[tuple[str, int]],
        *,
        on_lost: Callable[[], None],
        on_ready: Callable[[], None],
        identity: tls.LiveIdentity | None = None,
    ) -> None:
        self.target = target
        self.on_renewed: Callable[[], None] = lambda: None
        self._options = options
        self._identity = identity
        self._shown = identity.current() if identity else None
        self.channel = self._new_channel()
        self.epoch = 0
        """Grows whenever the connection begins or ends to stand."""
        self._service = service
        self._health = health_pb2_grpc.HealthStub(self.channel)
        self._on_lost = on_lost
        self._on_ready = on_ready
        self._questions: set[asyncio.Task[str]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._looking: asyncio.TimerHandle | None = None

    @property
    def stands(self) -> bool:
        """Whether there is a connection now."""
        return self.channel.get_state() is ChannelConnectivity.READY

    def open(self) -> None:
        """Begins to watch the channel's connectivity; sends nothing."""
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Ends the watch and the channel, and with it every running call."""
        if self._looking is not None:
            self._looking.cancel()
        watcher = [self._watcher] if self._watcher else []
        tasks = [*self._questions, *self._closing, *watcher]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.channel.close()

    async def check(self, timeout_seconds: float, on_late_answer: Callable[[], None]) -> str:
        """Asks the worker once whether it serves; returns why not, or "" if it does.

        A worker without the health service has answered, so it is online. One that does not
        answer in time is offline for now; the question stays open a little longer, so that
        `on_late_answer` can tell when a frozen worker thaws. While it is open, keepalive runs,
        and breaks the connection of a worker that stays frozen.
        """
        self._refresh()
        question = asyncio.create_task(self._ask(timeout_seconds + _PATIENCE_SECONDS))
        self._questions.add(question)
        question.add_done_callback(self._questions.discard)
        done, _ = await asyncio.wait([question], timeout=timeout_seconds)
        if done:
            return question.result()
        question.add_done_callback(
            lambda late: None if late.cancelled() or late.result() else on_late_answer()
        )
        return f"the worker at {self.target} gives no answer within {timeout_seconds:g} s"

    async def _ask(self, deadline_seconds: float) -> str:
        request = health_pb2.HealthCheckRequest(service=self._service)
        try:
            response = await self._health.Check(request, timeout=deadline_seconds)
        except grpc.aio.AioRpcError as error:
            return self._why_not(error)
        if response.status == _SERVING:
            return ""
        status = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
        return f"the worker at {self.target} answers {status}"

    def _why_not(self, error: grpc.aio.AioRpcError) -> str:
        match error.code():
            case grpc.StatusCode.UNIMPLEMENTED:
                return ""
            case grpc.StatusCode.NOT_FOUND:
                return f"the worker at {self.target} does not serve {self._service}"
            case _:
                return f"no worker answers at {self.target}{' by TLS' if self._identity else ''}"

    async def _watch(self, *, connect: bool = False) -> None:
        state = self.channel.get_state(try_to_connect=connect)
        while state is not ChannelConnectivity.SHUTDOWN:
            await self.channel.wait_for_state_change(state)
            # A connection that broke and stands again in the same instant shows only in that the
            # wait has ended, so leaving READY is a loss whatever the state is by now.
            lost = state is ChannelConnectivity.READY
            if lost:
                self._lost()
            renewed = self._is_outdated()
            if renewed:
                self._renew()
            state = self.channel.get_state(try_to_connect=lost or renewed)
            if state is ChannelConnectivity.READY:
                self._ready()
            elif self._identity is not None:
                self._look_later()

    def _look_later(self) -> None:
        """Looks for new certificates in a while: a channel that fails and fails tells nothing."""
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = None
        if self.channel.get_state() is not ChannelConnectivity.READY:
            self._refresh()
            self._look_later()

    def _refresh(self) -> None:
        """Takes up new certificates, unless there is a connection, which lives on."""
        if self._is_outdated():
            self._renew()
            if self._watcher is not None:
                self._watcher.cancel()
                self._watcher = asyncio.create_task(self._watch(connect=True))

    def _new_channel(self) -> grpc.aio.Channel:
        if self._shown is None:
            return grpc.aio.insecure_channel(self.target, options=self._options)
        credentials = tls.channel_credentials(self._shown)
        return grpc.aio.secure_channel(self.target, credentials, options=self._options)

    def _is_outdated(self) -> bool:
        """Whether the channel has no connection, and would make one with old certificates."""
        if self._identity is None or self.channel.get_state() is ChannelConnectivity.READY:
            return False
        return self._identity.current() is not self._shown

    def _renew(self) -> None:
        """Another channel for the calls to come; those that wait on the old one may end there."""
        assert self._identity is not None  # noqa: S101  # it was outdated
        self._shown = self._identity.current()
        old, self.channel = self.channel, self._new_channel()
        self._health = health_pb2_grpc.HealthStub(self.channel)
        closing = asyncio.create_task(old.close(_PATIENCE_SECONDS))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self.on_renewed()

    def _lost(self) -> None:
        self.epoch += 1
        self._on_lost()

    def _ready(self) -> None:
        self.epoch += 1
        self._on_ready()
