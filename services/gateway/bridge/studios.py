"""The built studios as files. Knows nothing of what is in them beyond how Vite names assets."""

import re
from pathlib import Path

from aiohttp import web

_INDEX = "index.html"
# Vite puts what never changes under its name into assets/, with eight characters of its hash.
_HASHED = re.compile(r"assets/(.*/)?[^/]+-[A-Za-z0-9_-]{8}\.[A-Za-z0-9.]+")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_POLICY = (
    "default-src 'self'; "
    "script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; "
    "worker-src 'self' blob:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)


class Studios:
    """A folder with an index.html and its assets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exist(self) -> bool:
        """Whether the studios are built; they may be so at any time."""
        return (self._folder / _INDEX).is_file()

    def answer(self, path: str) -> web.FileResponse | None:
        """Answer with the file at a decoded path such as "/assets/app-1a2b3c4d.js".

        A path that looks like a page of the studios gets their index; None if there is nothing.
        """
        name = path.lstrip("/")
        file = self._file(name)
        if file is not None:
            caching = _FOR_EVER if _HASHED.fullmatch(name) else _ASK_AGAIN
        elif _looks_like_page(name) and self.exist:
            file, caching = self._folder / _INDEX, _ASK_AGAIN
        else:
            return None
        headers = {"Cache-Control": caching, "Content-Security-Policy": _POLICY}
        return web.FileResponse(file, headers=headers)

    def _file(self, name: str) -> Path | None:
        """Find a file inside the folder, also after every link and dot was followed."""
        if "\0" in name:
            return None
        root = self._folder.resolve()
        file = (root / name).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None


def _looks_like_page(name: str) -> bool:
    """Tell a route of the studios from a missing file: files have an extension."""
    return "." not in name.rpartition("/")[2] and name.partition("/")[0] != "assets"
