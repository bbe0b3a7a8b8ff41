"""The answer with a file that is kept: whole, or the part that Range asks for (RFC 9110, 14.2).

aiohttp's FileResponse does the work; it refuses though what a server is to ignore: another unit
than bytes, several parts at once, a part that ends before it begins.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import hdrs, web

_PART = re.compile(r"bytes=(\d+)-(\d*)|bytes=-(\d+)", re.ASCII)


def kept_file(request: web.Request, path: Path, headers: Mapping[str, str]) -> web.StreamResponse:
    """Answers with the file at the path; a Range that is none is as if it were not there.

    Raises OSError if the file is gone.
    """
    part = request.headers.get(hdrs.RANGE, "").strip()
    if not part or _is_part(part):
        return web.FileResponse(path, headers=headers)
    state = path.stat()
    whole = web.Response(body=path.open("rb"), headers=headers)
    whole.etag = f"{state.st_mtime_ns:x}-{state.st_size:x}"  # as FileResponse names it
    whole.last_modified = state.st_mtime
    whole.headers[hdrs.ACCEPT_RANGES] = "bytes"
    return whole


def _is_part(text: str) -> bool:
    found = _PART.fullmatch(text)
    if found is None:
        return False
    first, last, tail = found.groups()
    if tail is not None:
        return int(tail) > 0
    return not last or int(first) <= int(last)
