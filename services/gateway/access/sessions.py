"""What a browser gets in exchange for a key: a token in a cookie, for pictures and event streams.

Pages cannot send headers with an <img>, a <video> or an EventSource, but cookies go along. The
token is not the key: it is signed with a secret of this process, and ends with it or in a day.
"""

import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "atelier-session"
LIFETIME_SECONDS = 24 * 3600


class Sessions:
    """Makes and reads tokens. Nothing is kept for them."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._secret = secrets.token_bytes(32)
        self._now = now

    def token(self, key_id: str) -> str:
        """A token for who has shown the key with this id."""
        content = f"{key_id}.{int(self._now()) + LIFETIME_SECONDS}"
        return f"{content}.{self._signature(content)}"

    def key_id(self, token: str) -> str | None:
        """The key's id; None for a token that is not ours or has ended."""
        content, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_bytes(signature), _bytes(self._signature(content))):
            return None
        identity, _, end = content.partition(".")
        return identity if self._now() < int(end) else None

    def _signature(self, content: str) -> str:
        return hmac.digest(self._secret, _bytes(content), "sha256").hex()


def _bytes(text: str) -> bytes:
    """Cookies may hold what is no Unicode."""
    return text.encode("utf-8", "replace")
