"""What a request's headers say of the call: its id, its metadata and its deadline.

Knows no body and no route.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from services.common import call_id
from services.common.errors import FieldViolation, InvalidArgument

REQUEST_ID = call_id.KEY
METADATA_PREFIX = "grpc-metadata-"
GRPC_TIMEOUT = "grpc-timeout"
TIMEOUT = "x-request-timeout"

_KEY = re.compile(r"[0-9a-z_.-]+")
_ASCII = re.compile(r"[\x20-\x7e]*")
_GRPC_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])", re.ASCII)
_UNIT_SECONDS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MAX_TIMEOUT_SECONDS = 1e8


def request_id(headers: Mapping[str, str]) -> str:
    """Take the caller's id if it can stand in a log line, else make one."""
    return call_id.of([(REQUEST_ID, headers.get(REQUEST_ID, ""))])


def call_metadata(headers: Mapping[str, str], identity: str) -> list[tuple[str, str | bytes]]:
    """Gather the metadata of the call: its id, the trace, and what "grpc-metadata-" brings.

    A key that ends in "-bin" has its value in base64. Raises InvalidArgument.
    """
    return [(REQUEST_ID, identity), *trace(headers), *_prefixed(headers)]


def trace(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Gather what the caller says of its trace."""
    return [(key, headers[key]) for key in call_id.TRACE_KEYS if key in headers]


def timeout_seconds(headers: Mapping[str, str]) -> float | None:
    """Read how long the caller waits; the shorter one if both headers are there.

    `grpc-timeout` is as in gRPC's protocol ("500m"), `x-request-timeout` in seconds ("2.5").
    Raises InvalidArgument.
    """
    given = [
        read(headers[name])
        for name, read in ((GRPC_TIMEOUT, _grpc_timeout), (TIMEOUT, _seconds))
        if name in headers
    ]
    return min(given, default=None)


def _prefixed(headers: Mapping[str, str]) -> Iterator[tuple[str, str | bytes]]:
    for name, value in headers.items():
        key = name.lower().removeprefix(METADATA_PREFIX)
        if key == name.lower():
            continue
        if not _KEY.fullmatch(key) or key.startswith("grpc-") or key == REQUEST_ID:
            raise _wrong(name, f"'{key}' cannot be a key of gRPC metadata")
        yield (key, _binary(name, value)) if key.endswith("-bin") else (key, _text(name, value))


def _text(name: str, value: str) -> str:
    if not _ASCII.fullmatch(value):
        raise _wrong(name, 'gRPC metadata is printable ASCII; use a key that ends in "-bin"')
    return value


def _binary(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong(name, "the value of a key that ends in '-bin' is base64") from error


def _grpc_timeout(value: str) -> float:
    found = _GRPC_TIMEOUT.fullmatch(value)
    if found is None:
        raise _wrong(GRPC_TIMEOUT, 'expected up to 8 digits and a unit of HMSmun, "500m" say')
    return min(int(found[1]) * _UNIT_SECONDS[found[2]], _MAX_TIMEOUT_SECONDS)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise _wrong(TIMEOUT, 'expected seconds, more than 0, "2.5" say')
    return min(seconds, _MAX_TIMEOUT_SECONDS)


def _wrong(header: str, text: str) -> InvalidArgument:
    return InvalidArgument(FieldViolation(header.lower(), text), reason="INVALID_HEADER")
