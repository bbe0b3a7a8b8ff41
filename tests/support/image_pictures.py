"""Picture files as callers send them: good ones and bad ones."""

import io
import struct
import zlib

from PIL import Image


def picture_file(
    kind: str = "PNG",
    *,
    size: tuple[int, int] = (48, 32),
    mode: str = "RGB",
    colour: object = "red",
    **options: object,
) -> bytes:
    """A file of one colour."""
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A valid PNG of a few hundred kilobytes that would unfold to width x height pixels."""
    row = b"\0" + b"\0" * (width // 8)
    packed = zlib.compressobj(9)
    body = b"".join(packed.compress(row) for _ in range(height)) + packed.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
