"""The routes as path items of OpenAPI, for the gateway's own document of them.

Made from the tables of parameters and their types; the error's shape stands beside each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.gateway.openai import parameters
from services.gateway.openai.chat import ChatValues
from services.gateway.openai.images import ImageValues
from services.gateway.openai.parameters import Support, Table
from services.gateway.openai.speech import SpeechValues
from services.gateway.openai.values import Values
from services.gateway.openai.videos import ContentValues, ListValues, VideoValues

_JSON, _FORM, _EVENTS = "application/json", "multipart/form-data", "text/event-stream"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


@dataclass(frozen=True)
class _Operation:
    path: str
    verb: str
    summary: str
    answers: tuple[str, ...] = (_JSON,)
    table: Table | None = None
    values: type[Values] | None = None
    bodies: tuple[str, ...] = ()


_OPERATIONS = (
    _Operation("/v1/models", "get", "Lists the names that `model` may have."),
    _Operation("/v1/models/{model}", "get", "Describes one of them."),
    _Operation(
        "/v1/chat/completions", "post", "Answers a conversation.",
        (_JSON, _EVENTS), parameters.CHAT, ChatValues, (_JSON,),
    ),
    _Operation(
        "/v1/audio/speech", "post", "Reads a text.",
        ("audio/*", _EVENTS), parameters.SPEECH, SpeechValues, (_JSON,),
    ),
    _Operation(
        "/v1/images/generations", "post", "Draws pictures.",
        (_JSON, _EVENTS), parameters.IMAGE, ImageValues, (_JSON,),
    ),
    _Operation(
        "/v1/videos", "post", "Submits a clip as a job.",
        (_JSON,), parameters.VIDEO, VideoValues, (_FORM, _JSON),
    ),
    _Operation(
        "/v1/videos", "get", "Lists clips.", (_JSON,), parameters.VIDEO_LIST, ListValues,
    ),
    _Operation("/v1/videos/{video}", "get", "Tells how far a clip is."),
    _Operation("/v1/videos/{video}", "delete", "Deletes a clip."),
    _Operation(
        "/v1/videos/{video}/content", "get", "Sends a clip's file.",
        ("video/*", "image/*"), parameters.VIDEO_CONTENT, ContentValues,
    ),
)  # fmt: skip


def paths() -> dict[str, dict[str, Any]]:
    """The path items by path."""
    items: dict[str, dict[str, Any]] = {}
    for operation in _OPERATIONS:
        items.setdefault(operation.path, {})[operation.verb] = _item(operation)
    return items


def _item(operation: _Operation) -> dict[str, Any]:
    schema = _schema(operation)
    item: dict[str, Any] = {
        "operationId": f"openai.{operation.verb}.{operation.path}",
        "tags": ["openai"],
        "summary": operation.summary,
        "parameters": [*_in_path(operation.path), *(() if operation.bodies else _query(schema))],
        "responses": {
            "200": {
                "description": "It succeeded.",
                "content": {kind: {} for kind in operation.answers},
            },
            "default": {
                "description": "It failed; the error has OpenAI's shape.",
                "content": {_JSON: {"schema": _ERROR}},
            },
        },
    }
    if operation.bodies:
        content = {kind: {"schema": schema} for kind in operation.bodies}
        item["requestBody"] = {"required": True, "content": content}
    return item


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for part in path.split("/"):
        if part.startswith("{"):
            yield {
                "name": part.strip("{}"),
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
            }


def _query(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        yield {"name": name, "in": "query", "schema": field}


def _schema(operation: _Operation) -> dict[str, Any]:
    """The types of what works, and the words of the table; nothing else may be sent but hints."""
    if operation.values is None or operation.table is None:
        return {}
    whole = operation.values.model_json_schema()
    inner = whole.get("$defs", {})
    properties: dict[str, Any] = {}
    for name, parameter in operation.table.items():
        if parameter.support in (Support.WORKS, Support.EXTENSION):
            schema = _inlined(whole["properties"][name], inner)
            properties[name] = schema
            if parameter.note:
                properties[name]["description"] = parameter.note
        elif parameter.support is Support.HINT:
            properties[name] = {"description": "It changes nothing."}
    required = [name for name, parameter in operation.table.items() if parameter.required]
    return {"type": "object", "properties": properties, "required": required}


def _inlined(schema: Any, inner: dict[str, Any]) -> Any:
    """The schema without references, which would point out of the path item."""
    if isinstance(schema, list):
        return [_inlined(item, inner) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(inner[schema["$ref"].rpartition("/")[2]], inner)
    return {key: _inlined(item, inner) for key, item in schema.items() if key != "title"}
