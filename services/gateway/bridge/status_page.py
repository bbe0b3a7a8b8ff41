"""The page at "/" while no studios are built: the health map live, and two forms to try.

One document without any other file, so that its policy can allow nothing else.
"""

import base64
import hashlib
from importlib import resources

from aiohttp import web

_STYLE_MARK = "/* style */"
_SCRIPT_MARK = "/* script */"


class StatusPage:
    """The page, put together once from the parts in page/."""

    def __init__(self) -> None:
        folder = resources.files("services.gateway.bridge") / "page"
        style = (folder / "style.css").read_text("utf-8")
        script = (folder / "script.js").read_text("utf-8")
        page = (folder / "index.html").read_text("utf-8")
        self._page = page.replace(_STYLE_MARK, style).replace(_SCRIPT_MARK, script)
        self._policy = "; ".join(
            (
                "default-src 'none'",
                f"style-src 'sha256-{_digest(style)}'",
                f"script-src 'sha256-{_digest(script)}'",
                "connect-src 'self'",
                "media-src blob:",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )

    def answer(self) -> web.Response:
        """Answer with the page."""
        headers = {
            "Content-Security-Policy": self._policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(text=self._page, content_type="text/html", headers=headers)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
