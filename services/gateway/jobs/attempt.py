"""What one attempt at a job brings forth: its files on disk, and what is said beside them.

Takes the responses of the job's call one by one. Knows the protos' marks, no capability; it
changes nothing of the job until the store takes it over.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from atelier.jobs.v1 import jobs_pb2
from services.gateway.jobs.contents import (
    BYTES_TYPE,
    FilePart,
    is_hollow,
    media_type_of,
    stream_content_type,
    take_files,
)
from services.gateway.jobs.files import NewFiles
from services.gateway.jobs.record import StoredFile

T = TypeVar("T")
_KEPT_BYTES = 1536 * 1024
"""So much is kept of what is said beside the files; of what comes later, only the last message.

An operation holds it twice, and clients of gRPC take 4 MiB unless told otherwise.
"""


class Attempt:
    """One attempt. Use from one task; its disk work runs in `executor`."""

    def __init__(
        self,
        new: NewFiles,
        executor: Executor,
        *,
        inputs: tuple[StoredFile, ...] = (),
        on_preview: Callable[[bytes, str], None],
    ) -> None:
        """`inputs` may serve for the thumbnail; `on_preview` hears of each new preview."""
        self._new = new
        self._executor = executor
        self._inputs = inputs
        self._on_preview = on_preview
        self._content_type = ""
        self._messages: list[AnyMessage] = []
        self._kept_bytes = 0
        self._last: AnyMessage | None = None
        self._preview = b""
        self.files: tuple[StoredFile, ...] = ()
        """The files, once finish() has made them whole."""

    async def take(self, message: Message) -> None:
        """Takes a response that is no progress. Raises DiskFull."""
        self._content_type = stream_content_type(message) or self._content_type
        parts = take_files(message)
        for part in parts:
            await self._run(partial(self._write, part))
        if not is_hollow(message):
            self._keep(message)

    async def preview(self, data: bytes, content_type: str) -> None:
        """Takes a preview, which takes the place of the one before."""
        self._preview = data
        self._on_preview(data, content_type)

    async def finish(self) -> None:
        """Makes the files whole and lasting, with a thumbnail. Raises DiskFull."""
        await self._run(self._complete)

    async def discard(self) -> None:
        """Removes everything that the attempt has made."""
        await self._run(self._new.discard)

    def result(self, url: Callable[[StoredFile], jobs_pb2.JobFile]) -> jobs_pb2.JobResult:
        """What to answer; `url` makes a message of a file."""
        results = [item for item in self.files if item.name.startswith("results/")]
        messages = [*self._messages, *([self._last] if self._last is not None else [])]
        return jobs_pb2.JobResult(files=[url(item) for item in results], messages=messages)

    def _write(self, part: FilePart) -> None:
        if part.is_chunk and self._new.count:
            self._new.append(part.data)
            return
        content_type = part.content_type or self._content_type or media_type_of(part.data)
        self._new.write(f"results/{self._new.count}", part.data, content_type or BYTES_TYPE)

    def _keep(self, message: Message) -> None:
        packed = AnyMessage()
        packed.Pack(message)
        size = packed.ByteSize()
        if self._kept_bytes + size > _KEPT_BYTES:
            self._last = packed
            return
        self._kept_bytes += size
        self._messages.append(packed)

    def _complete(self) -> None:
        small = self._thumbnail()
        if small is not None:
            self._new.write("thumbnail", small[0], small[1])
        self.files = self._new.commit()

    def _thumbnail(self) -> tuple[bytes, str] | None:
        # Imported late: most gateways never make one, and Pillow takes memory.
        from services.gateway.jobs import thumbnails  # noqa: PLC0415

        for picture in self._pictures():
            small = thumbnails.thumbnail(picture)
            if small is not None:
                return small, thumbnails.CONTENT_TYPE
        return None

    def _pictures(self) -> list[bytes]:
        """What can serve for the thumbnail, the best first."""
        results = [self._new.content(0)] if self._new.first_is_picture else []
        inputs = [Path(item.path).read_bytes() for item in self._inputs if _is_picture(item)]
        return [*results, *([self._preview] if self._preview else []), *inputs]

    async def _run(self, act: Callable[[], T]) -> T:
        # Shielded: what a thread has begun it also ends, so nobody may act as if it had not.
        future = asyncio.get_running_loop().run_in_executor(self._executor, act)
        return await asyncio.shield(future)


def _is_picture(file: StoredFile) -> bool:
    return file.content_type.startswith("image/")
