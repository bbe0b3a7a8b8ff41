"""The OpenAPI 3.1 document of the HTTP routes, made from the protos' descriptors.

https://spec.openapis.org/oas/v3.1.1 is the form. Knows the declared routes; routes with handlers of
their own are handed in as ready path items.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.common.methods import is_task
from services.gateway.bridge.fields import field_named, is_http_body, is_map
from services.gateway.bridge.openapi_schema import Schema, Schemas
from services.gateway.bridge.routes import Route, RouteTable
from services.gateway.bridge.transcode import JSON_TYPE, answers_bytes

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")
_EVENTS_TYPE = "text/event-stream"
_ANY_TYPE = "*/*"
_MAX_NESTING = 3

_ERROR: Schema = {
    "type": "object",
    "description": "What went wrong, by gRPC's status and google.rpc's details.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "status", "message", "details"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {
                    "type": "string",
                    "description": "The gRPC status, INVALID_ARGUMENT for example.",
                },
                "message": {"type": "string"},
                "capability": {"type": ["string", "null"]},
                "details": {
                    "type": "array",
                    "description": "google.rpc.BadRequest, ErrorInfo, RetryInfo and others.",
                    "items": {"type": "object", "properties": {"@type": {"type": "string"}}},
                },
            },
        }
    },
}
_FAILED = {"$ref": "#/components/responses/Failed"}
_HEALTHZ = {
    "get": {
        "operationId": "healthz",
        "summary": "Whether the gateway itself serves; it says nothing of a capability.",
        "responses": {
            "200": {"description": "It serves."},
            "503": {"description": "It is about to end."},
        },
    }
}
_TASK_HEADERS = (
    ("Prefer", "`respond-async` submits the task as a job; the answer is 202 with its operation."),
    ("Idempotency-Key", "With `Prefer`: a second request with the same key gets the same job."),
    ("X-Atelier-Presence", "With `Prefer`: who is there; see SubmitJobRequest.presence."),
    ("X-Atelier-On-Leave", "With `Prefer`: `keep` or `drop`; see SubmitJobRequest.on_leave."),
)


@dataclass(frozen=True)
class Described:
    """What the document needs beside the routes.

    `extra_paths` are path items of routes that have handlers of their own.
    """

    title: str = "Atelier"
    version: str = "1"
    comments: Mapping[str, str] = field(default_factory=dict)
    extra_paths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def openapi_document(table: RouteTable, described: Described) -> dict[str, Any]:
    """The document as JSON's types."""
    schemas = Schemas(described.comments)
    paths: dict[str, dict[str, Any]] = {"/healthz": dict(_HEALTHZ)}
    for route in table.routes:
        if route.http_method.lower() in _METHODS:
            operation = _operation(route, schemas, described.comments)
            paths.setdefault(_path(route)[0], {})[route.http_method.lower()] = operation
    for path, item in described.extra_paths.items():
        paths.setdefault(path, {}).update(item)
    return {
        "openapi": "3.1.1",
        "info": {"title": described.title, "version": described.version},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Error": _ERROR, **dict(sorted(schemas.components.items()))},
            "responses": {"Failed": _answer("It failed.", JSON_TYPE, _error())},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        # A key is needed only where some are configured.
        "security": [{}, {"key": []}],
    }


def _operation(route: Route, schemas: Schemas, comments: Mapping[str, str]) -> dict[str, Any]:
    method = route.method
    parameters = [*_path_parameters(route, schemas), *_query(route, schemas)]
    if is_task(method):
        parameters += [_header(name, text) for name, text in _TASK_HEADERS]
    operation: dict[str, Any] = {
        "operationId": f"{method.full_name}.{route.http_method.lower()}.{_path(route)[0]}",
        "tags": [str(method.containing_service.full_name)],
        "parameters": parameters,
        "responses": {"200": _success(route, schemas), "default": _FAILED},
    }
    if comment := comments.get(str(method.full_name)):
        operation["description"] = comment
    if route.body:
        operation["requestBody"] = {"required": True, "content": _body(route, schemas)}
    if is_task(method):
        operation["responses"]["202"] = {
            "description": "The operation of the job, with `Prefer: respond-async`.",
            "content": {JSON_TYPE: {"schema": {"type": "object"}}},
        }
    return operation


def _path(route: Route) -> tuple[str, list[str]]:
    """The path as OpenAPI writes it, and the names in its braces.

    A variable over several segments, as in {name=operations/*}, becomes its literals and a name
    for each star.
    """
    names: list[str] = []
    parts: list[str] = []
    variables = {
        position: variable.field_path
        for variable in route.template.variables
        for position in range(variable.first, variable.last or len(route.template.segments))
    }
    for position, segment in enumerate(route.template.segments):
        if segment not in ("*", "**"):
            parts.append(segment)
            continue
        name = variables.get(position, "segment")
        taken = sum(1 for known in names if known.rstrip("0123456789") == name)
        names.append(f"{name}{taken + 1}" if taken else name)
        parts.append(f"{{{names[-1]}}}")
    verb = f":{route.template.verb}" if route.template.verb else ""
    return f"/{'/'.join(parts)}{verb}", names


def _path_parameters(route: Route, schemas: Schemas) -> Iterator[Schema]:
    for name in _path(route)[1]:
        found = _field_at(route.method.input_type, name)
        schema = schemas.value(found) if found is not None else {"type": "string"}
        if schema.get("type") == "string":
            schema = {**schema, "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(route: Route, schemas: Schemas) -> Iterator[Schema]:
    if route.body == "*":
        return
    fixed = {variable.field_path for variable in route.template.variables} | {route.body}
    for path, item in _leaves(route.method.input_type, "", _MAX_NESTING):
        if path not in fixed and path.partition(".")[0] != (route.body or None):
            schema = schemas.field(item)
            description = schema.pop("description", "")
            yield {"name": path, "in": "query", "description": description, "schema": schema}


def _leaves(message: Descriptor, prefix: str, levels: int) -> Iterator[tuple[str, FieldDescriptor]]:
    """The fields that a query can give, by their paths."""
    for item in message.fields:
        inner = item.message_type
        as_text = inner is not None and inner.full_name.startswith("google.protobuf.")
        if inner is None or (as_text and inner.full_name not in _OBJECTS and not is_map(item)):
            yield prefix + item.name, item
        elif not item.is_repeated and not as_text and levels:
            yield from _leaves(inner, f"{prefix}{item.name}.", levels - 1)


_OBJECTS = frozenset(f"google.protobuf.{name}" for name in ("Any", "Struct", "Value", "ListValue"))


def _field_at(message: Descriptor, path: str) -> FieldDescriptor | None:
    *parents, leaf = path.split(".")
    for name in parents:
        parent = field_named(message, name)
        if parent is None or parent.message_type is None:
            return None
        message = parent.message_type
    return field_named(message, leaf)


def _body(route: Route, schemas: Schemas) -> Schema:
    whole = route.method.input_type
    part = None if route.body == "*" else field_named(whole, route.body)
    message = whole if part is None else part.message_type
    if message is not None and is_http_body(message):
        return {_ANY_TYPE: {}}
    schema = schemas.reference(whole) if part is None else schemas.field(part)
    return {JSON_TYPE: {"schema": schema}}


def _success(route: Route, schemas: Schemas) -> Schema:
    output = route.method.output_type
    part = field_named(output, route.response_body)
    if answers_bytes(route):
        return {"description": "The bytes, with their content type.", "content": {_ANY_TYPE: {}}}
    schema = schemas.field(part) if part is not None else schemas.reference(output)
    if not route.streams:
        return _answer("It succeeded.", JSON_TYPE, schema)
    text = (
        "Server-sent events. The data of each is a message of the schema under `x-event`; an event"
        " named `error` holds what went wrong, and ends the stream."
    )
    return {**_answer(text, _EVENTS_TYPE, {"type": "string"}), "x-event": schema}


def _answer(text: str, content_type: str, schema: Schema) -> Schema:
    return {"description": text, "content": {content_type: {"schema": schema}}}


def _error() -> Schema:
    return {"$ref": "#/components/schemas/Error"}


def _header(name: str, text: str) -> Schema:
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
