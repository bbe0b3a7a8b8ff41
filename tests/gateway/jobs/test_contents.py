"""Messages of every capability come apart into files and the rest, and requests together again."""

from pathlib import Path

import pytest
from google.api import httpbody_pb2
from google.protobuf.message import Message

from atelier.image.v1 import image_pb2
from atelier.jobs.v1 import jobs_pb2
from atelier.llm.v1 import llm_pb2
from atelier.tts.v1 import tts_pb2
from atelier.videogen.v1 import videogen_pb2
from services.gateway.jobs.contents import put_files, take_files
from services.gateway.jobs.record import SUCCEEDED, JobRecord
from services.gateway.jobs.store import JobStore
from tests.support.image_pictures import picture_file
from tests.support.kept_jobs import new_job, open_store

PICTURE = picture_file()
REQUESTS: list[Message] = [
    image_pb2.GenerateImageRequest(prompt="a", image=PICTURE, seed=0),
    image_pb2.GenerateImageRequest(prompt="a"),
    videogen_pb2.GenerateVideoRequest(image=PICTURE, prompt="b"),
    tts_pb2.SynthesizeRequest(text="c", seed=3),
    llm_pb2.ChatRequest(messages=[llm_pb2.ChatMessage(role="user", content="d")]),
]


async def made_of(folder: Path, responses: list[Message]) -> tuple[JobStore, JobRecord]:
    """A job that ended with these responses."""
    store = await open_store(folder)
    record, _ = await store.add(new_job(picture=b""))
    running = await store.mark_running(record.id)
    assert running is not None
    attempt = store.attempt(running)
    for response in responses:
        await attempt.take(response)
    await attempt.finish()
    ended = await store.end(record.id, SUCCEEDED, attempt=attempt)
    assert ended is not None
    return store, ended


def results(record: JobRecord) -> list[tuple[str, bytes]]:
    return [
        (file.content_type, file.path.read_bytes())
        for file in record.files
        if file.name.startswith("results/")
    ]


def said(record: JobRecord) -> list[str]:
    result = jobs_pb2.JobResult.FromString(record.result)
    return [message.TypeName() for message in result.messages]


@pytest.mark.parametrize("request_message", REQUESTS, ids=lambda m: m.DESCRIPTOR.name)
def test_a_request_comes_together_as_it_was(request_message: Message) -> None:
    rest = type(request_message).FromString(request_message.SerializeToString())
    parts = take_files(rest)
    assert all(part.data not in rest.SerializeToString() for part in parts)
    put_files(rest, {part.path: part.data for part in parts})
    assert rest == request_message


async def test_pictures_are_a_file_each(tmp_path: Path) -> None:
    image = image_pb2.GeneratedImage
    store, record = await made_of(
        tmp_path,
        [
            image_pb2.GenerateImageResponse(
                image=image(data=b"one", content_type="image/png", seed=1)
            ),
            image_pb2.GenerateImageResponse(
                image=image(data=b"two", content_type="image/webp", seed=2, index=1)
            ),
        ],
    )
    assert results(record) == [("image/png", b"one"), ("image/webp", b"two")]
    messages = jobs_pb2.JobResult.FromString(record.result).messages
    kept = [image_pb2.GenerateImageResponse.FromString(item.value).image for item in messages]
    assert [(item.seed, item.data) for item in kept] == [(1, b""), (2, b"")]
    await store.close()


async def test_the_chunks_of_a_clip_are_one_file_of_the_kind_told_before(tmp_path: Path) -> None:
    response = videogen_pb2.GenerateVideoResponse
    info = videogen_pb2.VideoInfo(content_type="video/webm", seed=9)
    chunks = [videogen_pb2.VideoChunk(data=data) for data in (b"ab", b"cd")]
    store, record = await made_of(
        tmp_path,
        [
            response(video=info),
            *(response(chunk=chunk) for chunk in chunks),
        ],
    )
    assert results(record) == [("video/webm", b"abcd")]
    assert said(record) == ["atelier.videogen.v1.GenerateVideoResponse"]
    await store.close()


async def test_an_answer_that_is_a_body_is_one_file(tmp_path: Path) -> None:
    body = httpbody_pb2.HttpBody(content_type="audio/wav", data=b"RIFF")
    store, record = await made_of(tmp_path, [body])
    assert results(record) == [("audio/wav", b"RIFF")]
    assert said(record) == []
    await store.close()


async def test_words_stay_messages_and_are_kept_up_to_a_limit(tmp_path: Path) -> None:
    delta = "x" * 300_000
    store, record = await made_of(
        tmp_path, [llm_pb2.StreamChatResponse(text=delta) for _ in range(9)]
    )
    assert results(record) == []
    result = jobs_pb2.JobResult.FromString(record.result)
    assert len(result.messages) == 6
    assert result.ByteSize() < 2_000_000
    await store.close()
