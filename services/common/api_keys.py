"""API keys as they are kept: a name, an id, limits, and a hash of the secret; never the secret.

A key is "atelier_<id>_<secret>": the id finds the row, the secret has 32 random bytes, so a plain
hash of it cannot be searched. Knows the file, no caller and no call.
"""

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.common.settings_table import SettingsError

log = logging.getLogger(__name__)

SETTING = "access.keys_file"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"atelier_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key. A limit of 0 is none of its own."""

    name: str
    id: str
    hash: str = field(repr=False)
    """SHA-256 of the whole key, in hexadecimal."""
    created: str
    """ISO 8601 time in UTC."""
    rate_per_minute: int = 0
    """How many calls it may begin in a minute."""
    concurrent: int = 0
    """How many calls it may have running at once."""


def make_key(name: str, *, rate_per_minute: int = 0, concurrent: int = 0) -> tuple[ApiKey, str]:
    """A new key: what to keep, and the secret to give away, which is nowhere else.

    Raises ValueError for a name that is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a key; use letters, digits, dots, - and _")
    identity = secrets.token_hex(6)
    secret = f"atelier_{identity}_{secrets.token_urlsafe(32)}"
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return ApiKey(name, identity, _hash(secret), created, rate_per_minute, concurrent), secret


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys of a file; none if it is not there. Raises SettingsError for a broken one."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys = tuple(_key(row) for row in rows)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(SETTING, f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        # Not a word of what is in it.
        raise SettingsError(SETTING, f"{path} is no file of keys; see `atelier keys`") from None
    return keys


def write_keys(path: Path, keys: Sequence[ApiKey]) -> None:
    """Puts the file in its place at once, readable by its owner only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": [asdict(key) for key in keys]}, file, indent=2)
        file.write("\n")
    part.replace(path)


class LiveKeys:
    """The keys of a file, read again when it has changed.

    A file that is broken or gone changes nothing, so that no mistake opens the door.
    """

    def __init__(self, path: Path) -> None:
        """Raises SettingsError for a broken file."""
        self._path = path
        self._stamp = self._look()
        self._keys = _by_id(read_keys(path))

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret; None if there is none. Takes as long for a wrong one."""
        self._refresh()
        found = _KEY.fullmatch(secret)
        key = self._keys.get(found[1]) if found else None
        expected = key.hash if key else _NO_HASH
        return key if hmac.compare_digest(expected, _hash(secret)) else None

    def by_id(self, identity: str) -> ApiKey | None:
        """The key with this id, for who has shown its secret before."""
        self._refresh()
        return self._keys.get(identity)

    def _refresh(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if stamp is None:
            log.warning("%s is gone; the keys stay as they were", self._path)
            return
        try:
            self._keys = _by_id(read_keys(self._path))
            log.info("read %d API keys anew", len(self._keys))
        except SettingsError as error:
            log.warning("the keys stay as they were: %s", error)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


_NO_HASH = "0" * 64


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _by_id(keys: Sequence[ApiKey]) -> dict[str, ApiKey]:
    return {key.id: key for key in keys}


def _key(row: dict[str, Any]) -> ApiKey:
    key = ApiKey(**row)
    limits = (key.rate_per_minute, key.concurrent)
    if not re.fullmatch(r"[0-9a-f]{64}", key.hash) or not _NAME.fullmatch(key.name):
        raise ValueError(key.id)
    if any(type(limit) is not int or limit < 0 for limit in limits):
        raise ValueError(key.id)
    return key
