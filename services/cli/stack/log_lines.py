"""Lines of a process's log, which are for people or, as JSON objects, for programs."""

import json


def is_object(line: str) -> bool:
    """Whether the line is one object of a structured log."""
    return _fields(line) is not None


def words_of(line: str) -> str:
    """What the line says to a person: itself, or an object's message and the error it tells of."""
    fields = _fields(line)
    if fields is None:
        return line
    parts = [fields.get(key) for key in ("message", "exception_type", "exception_message")]
    return ": ".join(str(part) for part in parts if part)


def _fields(line: str) -> dict[str, object] | None:
    if not line.startswith('{"timestamp":'):
        return None
    try:
        fields: dict[str, object] = json.loads(line)
    except ValueError:
        return None
    return fields
