"""One attempt: what it keeps of a stream, its thumbnail, and that nothing of it stays if it is not
taken over."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.files import JobFolder
from services.gateway.jobs.messages import file_message
from services.gateway.jobs.record import StoredFile
from tests.support.image_pictures import picture_file
from tests.support.kept_jobs import drawn


class Bench:
    """Attempts over a folder, and the previews that they told of."""

    def __init__(self, path: Path) -> None:
        self.folder = JobFolder(path)
        self.executor = ThreadPoolExecutor(1)
        self.previews: list[bytes] = []

    def attempt(self, *inputs: StoredFile) -> Attempt:
        return Attempt(
            self.folder.begin("j.1"),
            self.executor,
            inputs=inputs,
            on_preview=lambda data, _: self.previews.append(data),
        )

    def names(self, attempt: Attempt) -> list[str]:
        return [file.name for file in attempt.files]


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path / "jobs")
    yield made
    made.executor.shutdown()
    made.folder.close()


def messages(attempt: Attempt) -> list[str]:
    result = attempt.result(lambda file: file_message("j", file))
    return [item.TypeName() for item in result.messages]


async def test_the_thumbnail_is_of_the_first_picture(bench: Bench) -> None:
    attempt = bench.attempt()
    await attempt.preview(picture_file(size=(8, 8)), "image/png")
    await attempt.take(drawn(picture_file(size=(32, 16))))
    await attempt.finish()
    assert bench.names(attempt) == ["results/0", "thumbnail"]
    assert bench.previews == [picture_file(size=(8, 8))]
    result = attempt.result(lambda file: file_message("j", file))
    assert [file.name for file in result.files] == ["results/0"]


async def test_without_a_picture_it_is_of_the_last_preview_or_of_the_request(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "input"
    path.write_bytes(picture_file())
    given = StoredFile(
        name="inputs/image", content_type="image/png", size_bytes=1, sha256="", path=path
    )
    attempt = bench.attempt(given)
    await attempt.take(drawn(b"no picture at all"))
    await attempt.finish()
    assert bench.names(attempt) == ["results/0", "thumbnail"]
    await attempt.discard()
    attempt = bench.attempt()
    await attempt.preview(picture_file(), "image/png")
    await attempt.take(drawn(b"no picture at all"))
    await attempt.finish()
    assert bench.names(attempt) == ["results/0", "thumbnail"]
    await attempt.discard()
    attempt = bench.attempt()
    await attempt.take(drawn(b"no picture at all"))
    await attempt.finish()
    assert bench.names(attempt) == ["results/0"]


async def test_an_attempt_without_files_has_what_was_said(bench: Bench) -> None:
    attempt = bench.attempt()
    await attempt.take(llm_pb2.StreamChatResponse(text="Good "))
    await attempt.take(llm_pb2.StreamChatResponse(text="morning."))
    await attempt.finish()
    assert attempt.files == ()
    assert messages(attempt) == ["atelier.llm.v1.StreamChatResponse"] * 2


@pytest.mark.parametrize("finished", [False, True])
async def test_what_is_discarded_leaves_nothing(bench: Bench, finished: bool) -> None:
    attempt = bench.attempt()
    await attempt.take(drawn(b"one"))
    if finished:
        await attempt.finish()
    await attempt.discard()
    assert list(bench.folder.files.iterdir()) == []
    assert list((bench.folder.path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("image/png", "image/png"),
        ("audio/L16; rate=22050", "audio/L16; rate=22050"),
        (
            'video/mp4; codecs="avc1.42E01E, mp4a.40.2"',
            'video/mp4; codecs="avc1.42E01E, mp4a.40.2"',
        ),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("picture", "application/octet-stream"),
        ("a/" + "b" * 300, "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
async def test_a_media_type_that_is_none_never_gets_into_a_header(
    bench: Bench, told: str, kept: str
) -> None:
    attempt = bench.attempt()
    image = image_pb2.GeneratedImage(data=b"x", content_type=told)
    await attempt.take(image_pb2.GenerateImageResponse(image=image))
    await attempt.finish()
    assert attempt.files[0].content_type == kept


async def test_what_was_told_no_media_type_is_known_by_its_first_bytes(bench: Bench) -> None:
    attempt = bench.attempt()
    image = image_pb2.GeneratedImage(data=picture_file())
    await attempt.take(image_pb2.GenerateImageResponse(image=image))
    await attempt.finish()
    assert attempt.files[0].content_type == "image/png"
