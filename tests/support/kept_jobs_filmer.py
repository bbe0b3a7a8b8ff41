"""A worker whose clips follow from their requests byte by byte, and that tells of all it does.

Films in the lane, as the real one does, with steps of some milliseconds. Each call and each run is
written to a log as it begins and ends; a run that was killed has no end there.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from atelier.common.v1 import progress_pb2
from atelier.videogen.v1 import videogen_pb2, videogen_pb2_grpc
from services.common import call_id
from services.common.cancellation import Cancellation
from services.common.lane import Queued
from services.common.settings import WorkerSettings
from services.common.worker import Worker

SERVICE = "atelier.videogen.v1.VideogenService"
METHOD = f"{SERVICE}/GenerateVideo"
CALL, CALL_ENDED, RUN, RUN_ENDED = "call", "call ended", "run", "run ended"
_CHUNKS = 5
_Response = videogen_pb2.GenerateVideoResponse


def _material(request: videogen_pb2.GenerateVideoRequest) -> bytes:
    text = f"{request.prompt}\0{request.seed}\0".encode()
    return hashlib.sha256(text + request.image).digest()


def clip_of(request: videogen_pb2.GenerateVideoRequest) -> bytes:
    """The file that every run of this request makes."""
    material = _material(request)
    return hashlib.shake_256(material).digest(10_000 + 150 * material[0])


class Log:
    """What happened when, by all processes that write to it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, what: str, job: str, where: str = "") -> None:
        line = {"at": time.monotonic_ns(), "pid": os.getpid(), "what": what, "job": job}
        os.write(self._file, (json.dumps(line | {"where": where}) + "\n").encode())

    @contextmanager
    def during(self, begins: str, ends: str, job: str, where: str = "") -> Iterator[None]:
        self.write(begins, job, where)
        try:
            yield
        finally:
            self.write(ends, job, where)

    @staticmethod
    def read(path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text().splitlines()]


class Filmer(videogen_pb2_grpc.VideogenServiceServicer):
    """Serves the one method that does work."""

    def __init__(self, worker: Worker, log: Log) -> None:
        self._lane = worker.lane
        self._log = log

    async def GenerateVideo(self, request, context) -> AsyncIterator[_Response]:
        job = call_id.of(context.invocation_metadata())
        with self._log.during(CALL, CALL_ENDED, job, context.peer()):
            async with aclosing(self._lane.run(partial(self._film, request, job))) as events:
                async for event in events:
                    if isinstance(event, Queued):
                        place = progress_pb2.QueuePlace(position=event.position)
                        yield _Response(queued=place)
                    else:
                        yield event

    def _film(
        self, request: videogen_pb2.GenerateVideoRequest, job: str, cancellation: Cancellation
    ) -> Iterator[_Response]:
        with self._log.during(RUN, RUN_ENDED, job):
            if not request.HasField("seed"):
                # As a real one does; a job's seed has been drawn by then, or two runs would differ.
                request.seed = secrets.randbits(32)
            clip, material = clip_of(request), _material(request)
            steps = 1 + material[1] % 6
            for step in range(1, steps + 1):
                time.sleep(material[2] / 20_000)
                cancellation.check()
                yield _Response(progress=progress_pb2.StepProgress(step=step, total_steps=steps))
                preview = progress_pb2.Preview(data=material, content_type="image/webp", step=step)
                yield _Response(preview=preview)
            info = videogen_pb2.VideoInfo(
                content_type="video/mp4", size_bytes=len(clip), seed=request.seed
            )
            yield _Response(video=info)
            size = -(-len(clip) // _CHUNKS)
            for start in range(0, len(clip), size):
                cancellation.check()
                data = clip[start : start + size]
                yield _Response(chunk=videogen_pb2.VideoChunk(data=data))

    async def DescribeModel(self, request, context):
        return videogen_pb2.DescribeModelResponse()


def serve(port: int, log: Path) -> None:
    """Serves until it is ended."""
    settings = WorkerSettings(
        name="videogen",
        service=SERVICE,
        port=port,
        metrics_port=0,
        model="none",
        shutdown_grace_seconds=1.0,
    )
    worker = Worker(settings, stages=())
    worker.serve(
        partial(videogen_pb2_grpc.add_VideogenServiceServicer_to_server, Filmer(worker, Log(log)))
    )
