"""Pictures that callers send: what they are and whether they are safe to open.

Knows file formats and limits; knows nothing of models. Pillow does the decoding.
"""

import io
import struct
import zlib

from PIL import Image, ImageOps, UnidentifiedImageError

from services.common.errors import FieldViolation, InvalidArgument
from services.common.picture_kinds import picture_kind

_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, zlib.error)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
PREVIEW_SIDE = 256


_SCAN = b"\xff\xda"
_MAX_SCANS = 100
"""A progressive JPEG has about ten; each costs as much as decoding the picture once."""


def read_picture(data: bytes, *, field: str, max_pixels: int) -> Image.Image:
    """The picture in `data`: RGB, upright by its EXIF orientation, flattened onto white.

    PNG, JPEG and WebP, told by their content; of a moving picture the first frame. The size is
    read before anything is decoded. Raises InvalidArgument, naming `field`, for what is none of
    these, has more than `max_pixels` pixels or is damaged.
    """
    if not data:
        raise _refused(field, "is empty; send the bytes of a PNG, JPEG or WebP picture")
    kind = picture_kind(data)
    if kind is None:
        raise _refused(field, f"must be a PNG, JPEG or WebP picture, not {_guess(data)}")
    if kind == "JPEG" and data.count(_SCAN) > _MAX_SCANS:
        raise _refused(field, f"has more than {_MAX_SCANS} scans; save it anew")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            width, height = picture.size
            if width * height > max_pixels:
                raise _too_large(field, f"{width} x {height}", max_pixels)
            picture.load()
            return _plain(picture)
    except _BOMB:
        raise _too_large(field, _png_size(data) or "far too many", max_pixels) from None
    except UnidentifiedImageError:
        raise _refused(field, f"begins like {kind} but cannot be read; save it anew") from None
    except _DAMAGE as error:
        raise _refused(field, f"is a damaged {kind} file ({error}); save it anew") from None


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at exactly this size: scaled, and cut evenly at the edges that stand over."""
    if picture.size == (width, height):
        return picture
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def preview_jpeg(picture: Image.Image) -> bytes:
    """A JPEG of some kilobytes, its longer side PREVIEW_SIDE pixels."""
    scale = PREVIEW_SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return file.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16 bits a channel; convert() would cut instead of scale
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if upright.has_transparency_data:
        coloured = upright.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        upright = Image.alpha_composite(white, coloured)
    # A copy without the file's own metadata, which must not reach an answer.
    plain = upright.convert("RGB")
    plain.info = {}
    return plain


def _png_size(data: bytes) -> str | None:
    """What a PNG says of its size, without opening it."""
    if picture_kind(data) != "PNG" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return f"{width} x {height}"


def _refused(field: str, description: str) -> InvalidArgument:
    return InvalidArgument(FieldViolation(field, description), reason="INVALID_PICTURE")


def _too_large(field: str, size: str, max_pixels: int) -> InvalidArgument:
    millions = max_pixels / 1e6
    return _refused(
        field, f"has {size} pixels; at most {millions:g} million are taken, make it smaller"
    )


def _guess(data: bytes) -> str:
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[4:8] == b"ftyp":
        return "AVIF, HEIC or a video"
    if data[:4] == b"%PDF":
        return "PDF"
    try:
        data[:256].decode("utf-8")
    except UnicodeDecodeError:
        return "a file of another kind"
    return "text"
