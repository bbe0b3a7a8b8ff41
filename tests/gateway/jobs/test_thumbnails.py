"""Small pictures: of whatever can be read, and of nothing else."""

import io

import pytest
from PIL import Image

from services.gateway.jobs.thumbnails import thumbnail


def picture(size: tuple[int, int], kind: str = "PNG", mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("size", "small"), [((1024, 512), (256, 128)), ((300, 900), (85, 256)), ((64, 64), (64, 64))]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_keeps_its_shape_within_256_pixels(
    size: tuple[int, int], small: tuple[int, int], kind: str
) -> None:
    made = thumbnail(picture(size, kind))
    assert made is not None
    with Image.open(io.BytesIO(made)) as read:
        assert (read.format, read.size) == ("WEBP", small)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_any_kind_of_pixels_will_do(mode: str) -> None:
    assert thumbnail(picture((64, 64), mode=mode)) is not None


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF of a sound", picture((64, 64))[:50], picture((64, 64))[:-20] + bytes(20)],
    ids=["nothing", "no picture", "cut off", "damaged"],
)
def test_what_cannot_be_read_has_none(data: bytes) -> None:
    assert thumbnail(data) is None
