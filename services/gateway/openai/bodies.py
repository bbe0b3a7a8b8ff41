"""What a client sends, JSON or a form, as plain values. Knows no parameter."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.bridge.bodies import read_body
from services.gateway.bridge.transcode import Body, check_content_type, load_json
from services.gateway.openai.errors import ApiError, invalid

_FORM = "multipart/form-data"
_MAX_FIELD_BYTES = 256 * 1024
_MAX_PARTS = 64
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
# Reading a large body takes a while, which other requests need not wait for.
_LARGE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Limits:
    """How large a body may be, and how long it may take to arrive."""

    max_body_bytes: int
    body_seconds: float = 60.0


async def read_json(request: web.Request, limits: Limits) -> dict[str, object]:
    """The JSON object of a request; raises ApiError or Refused for anything else."""
    return await _json(await _body(request, limits))


async def read_json_or_form(request: web.Request, limits: Limits) -> dict[str, object]:
    """The JSON object, or the fields of a form: texts, and files as bytes.

    A field "a[b]" of a form is the object {"b": ...} under "a".
    """
    body = await _body(request, limits)
    if request.content_type != _FORM:
        return await _json(body)
    try:
        return await _form(body)
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError) as error:
        raise ApiError(400, f"the form cannot be read: {error}", code="invalid_form") from error


def read_query(request: web.Request) -> dict[str, object]:
    """The parameters of the URL; raises ApiError for one that is given twice."""
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise invalid(name, "is given twice")
    return dict(request.query)


async def _body(request: web.Request, limits: Limits) -> Body:
    return await read_body(request, max_bytes=limits.max_body_bytes, seconds=limits.body_seconds)


async def _json(body: Body) -> dict[str, object]:
    check_content_type(body.content_type)
    if len(body.data) < _LARGE_BYTES:
        value = load_json(body.data)
    else:
        value = await asyncio.to_thread(load_json, body.data)
    if not isinstance(value, dict):
        raise InvalidArgument(FieldViolation("body", "expected a JSON object"))
    if _HALF_PAIR.search(body.data):
        _check_unicode(value)
    return value


def _check_unicode(value: object) -> None:
    """Refuses half a surrogate pair, which JSON can spell and no text can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        text = "has half of a surrogate pair, which is no character"
        raise InvalidArgument(FieldViolation("body", text)) from error


async def _form(body: Body) -> dict[str, object]:
    # The data is here already, so that nothing may try to slow its sender.
    protocol = BaseProtocol(asyncio.get_running_loop())
    content = aiohttp.StreamReader(protocol, max(len(body.data), 2**16))
    content.feed_data(body.data)
    content.feed_eof()
    headers = CIMultiDict({"Content-Type": body.content_type})
    reader = aiohttp.MultipartReader(headers, content)
    fields: dict[str, object] = {}
    count = 0
    while (part := await reader.next()) is not None:
        count += 1
        if not isinstance(part, aiohttp.BodyPartReader) or not part.name or count > _MAX_PARTS:
            raise ValueError(f"expected up to {_MAX_PARTS} named fields")
        _set(fields, part.name, await _value(part))
    return fields


async def _value(part: aiohttp.BodyPartReader) -> str | bytes:
    data = bytes(await part.read(decode=True))
    if part.filename is not None:
        return data
    if len(data) > _MAX_FIELD_BYTES:
        raise ValueError(f"field '{part.name}' has more than {_MAX_FIELD_BYTES} bytes")
    return data.decode("utf-8")


def _set(fields: dict[str, object], name: str, value: str | bytes) -> None:
    outer, bracket, rest = name.partition("[")
    if not bracket:
        _put(fields, name, value)
        return
    inner, closing, beyond = rest.partition("]")
    below = fields.setdefault(outer, {})
    if not closing or beyond or not isinstance(below, dict):
        raise ValueError(f"field '{name}' is no field of an object")
    _put(below, inner, value)


def _put(fields: dict[str, object], name: str, value: str | bytes) -> None:
    if name in fields:
        raise ValueError(f"field '{name}' is given twice")
    fields[name] = value


def as_object(value: object, inside: str) -> Mapping[str, object]:
    """The value if it is a JSON object; raises ApiError that names where it stands."""
    if not isinstance(value, dict):
        raise invalid(inside, "expected an object", "invalid_type")
    return value
