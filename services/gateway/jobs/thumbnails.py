"""Small pictures of what jobs make. Knows Pillow, no job.

A picture that cannot be read makes no thumbnail, and that is no fault of the job.
"""

import io

from services.common.errors import InvalidArgument
from services.common.pictures import read_picture

CONTENT_TYPE = "image/webp"
SIDE = 256
"""Pixels of the longer side, at most."""
_MAX_PIXELS = 50_000_000


def thumbnail(data: bytes) -> bytes | None:
    """A WebP of the picture in `data`, at most SIDE pixels wide and high; None if it is none."""
    try:
        picture = read_picture(data, field="file", max_pixels=_MAX_PIXELS)
    except InvalidArgument:
        return None
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=80)
    return file.getvalue()
