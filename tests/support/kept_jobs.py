"""Jobs to keep: a request with a picture, what a worker answers to it, and stores to keep it in."""

from pathlib import Path
from typing import Any

from atelier.image.v1 import image_pb2
from services.common.settings_jobs import JobSettings
from services.gateway.jobs.record import SUCCEEDED, JobRecord, NewJob
from services.gateway.jobs.store import JobStore

METHOD = "atelier.image.v1.ImageService/GenerateImage"


def new_job(prompt: str = "a dog", *, picture: bytes = b"what came", **fields: Any) -> NewJob:
    """A request for a picture; `fields` are NewJob's."""
    return NewJob(
        **{
            "capability": "image",
            "method": METHOD,
            "request": image_pb2.GenerateImageRequest(prompt=prompt, image=picture),
            "fingerprint": prompt,
            **fields,
        }
    )


def drawn(content: bytes, index: int = 0) -> image_pb2.GenerateImageResponse:
    """A finished picture as the worker sends it."""
    image = image_pb2.GeneratedImage(data=content, content_type="image/png", index=index, seed=7)
    return image_pb2.GenerateImageResponse(image=image)


async def open_store(folder: Path, gone: list[str] | None = None, **settings: Any) -> JobStore:
    """A store in the folder; `gone` gathers the ids that were deleted."""
    heard: list[str] = gone if gone is not None else []
    return await JobStore.open(
        JobSettings(folder=str(folder), **settings),
        lambda jobs: heard.extend(job.id for job in jobs),
    )


async def run_job(store: JobStore, record: JobRecord, *contents: bytes) -> JobRecord:
    """Takes a waiting job to its good end, with these files as its result."""
    running = await store.mark_running(record.id)
    assert running is not None
    attempt = store.attempt(running)
    for index, content in enumerate(contents):
        await attempt.take(drawn(content, index))
    await attempt.finish()
    ended = await store.end(record.id, SUCCEEDED, attempt=attempt)
    assert ended is not None
    return ended
