import io

import pytest
from PIL import Image

from services.common.errors import InvalidArgument
from services.common.pictures import fitted, picture_kind, preview_jpeg, read_picture
from tests.support.image_pictures import huge_png, picture_file

MILLION = 1_000_000


def read(data: bytes, max_pixels: int = MILLION) -> Image.Image:
    return read_picture(data, field="image", max_pixels=max_pixels)


def refusal(data: bytes, max_pixels: int = MILLION) -> str:
    with pytest.raises(InvalidArgument) as caught:
        read(data, max_pixels)
    assert caught.value.reason == "INVALID_PICTURE"
    assert caught.value.violations[0].field == "image"
    return caught.value.violations[0].description


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_kinds_are_read_as_rgb(kind: str) -> None:
    data = picture_file(kind)
    assert picture_kind(data) == kind
    picture = read(data)
    assert (picture.mode, picture.size) == ("RGB", (48, 32))
    red, green, blue = picture.getpixel((20, 20))
    assert red > 240
    assert green < 20
    assert blue < 20


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"This is a text, whatever its name.", "not text"),
        (b"GIF89a" + b"\0" * 40, "not GIF"),
        (b"\0\0\0\x20ftypheic" + b"\0" * 40, "HEIC"),
        (b"%PDF-1.7\n", "not PDF"),
        (b"\xfe\xed\xfa\xce" * 10, "a file of another kind"),
        (b"\x89PNG\r\n\x1a\n", "cannot be read"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP"),
        (picture_file("JPEG", size=(200, 200))[:-200], "damaged JPEG"),
        (picture_file("PNG", size=(200, 200))[:-100], "damaged PNG"),
        (picture_file("WEBP", size=(200, 200))[:-30], "WEBP"),
        (picture_file("PNG", size=(2000, 501)), "2000 x 501 pixels; at most 1 million"),
    ],
)
def test_what_is_no_usable_picture_is_refused(data: bytes, words: str) -> None:
    assert words in refusal(data)


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_a_bomb_is_refused_before_it_unfolds(side: int) -> None:
    told = refusal(huge_png(side, side), max_pixels=50 * MILLION)
    assert told == f"has {side} x {side} pixels; at most 50 million are taken, make it smaller"


def test_the_orientation_of_the_camera_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    assert read(picture_file("JPEG", size=(40, 20), exif=exif)).size == (20, 40)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 128), (127, 127, 127)),
        ("LA", (0, 0), (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("I;16", 0x8000, (128, 128, 128)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_every_mode_becomes_flat_rgb(
    mode: str, colour: object, expected: tuple[int, int, int]
) -> None:
    assert read(picture_file(mode=mode, colour=colour)).getpixel((5, 5)) == expected


def test_the_first_frame_of_a_moving_picture_is_taken() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert read(file.getvalue()).getpixel((4, 4)) == (255, 0, 0)


def test_metadata_of_the_caller_does_not_stay() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    picture = read(picture_file("JPEG", exif=exif))
    assert not picture.info
    assert not picture.getexif()


def test_fitting_cuts_evenly_and_keeps_the_shape() -> None:
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste("black", (100, 0, 200, 100))
    square = fitted(picture, 50, 50)
    assert square.size == (50, 50)
    assert square.getpixel((25, 25)) == (0, 0, 0)


def test_a_preview_is_small() -> None:
    data = preview_jpeg(Image.new("RGB", (64, 16), "red"))
    assert picture_kind(data) == "JPEG"
    assert Image.open(io.BytesIO(data)).size == (256, 64)
    assert len(data) < 5000


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded() -> None:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(data, "JPEG", progressive=True)
    whole = data.getvalue()
    last_scan = whole[whole.rindex(b"\xff\xda") : -2]
    with pytest.raises(InvalidArgument, match="more than 100 scans"):
        read_picture(whole[:-2] + last_scan * 200 + whole[-2:], field="image", max_pixels=10_000)
