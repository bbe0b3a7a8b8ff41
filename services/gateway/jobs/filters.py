"""The filter of ListOperations: a small part of https://google.aip.dev/160.

done = false AND metadata.capability = "videogen" AND metadata.state = "queued"
"""

import re
from dataclasses import dataclass

from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.jobs.record import ENDED, STATES

_TERM = re.compile(r'\s*([a-z_.]+)\s*=\s*(?:"([^"]*)"|([\w-]+))\s*')
_KNOWN = "done, metadata.state and metadata.capability"


@dataclass(frozen=True)
class Filter:
    """Which jobs to list; an empty capability, or no states, means all."""

    capability: str = ""
    states: frozenset[str] = frozenset()
    nothing: bool = False
    """Whether no job can match."""


def read_filter(text: str) -> Filter:
    """Reads a filter. Raises InvalidArgument that says what can be asked."""
    capability, states = "", frozenset(STATES)
    for term in re.split(r"\bAND\b", text) if text.strip() else []:
        found = _TERM.fullmatch(term)
        if found is None:
            raise _wrong(
                f"'{term.strip()[:100]}' is no term; write {_KNOWN} with =, and AND between"
            )
        name, value = found[1], found[2] if found[2] is not None else found[3]
        match name:
            case "done" if value in ("true", "false"):
                states &= ENDED if value == "true" else frozenset(STATES) - ENDED
            case "metadata.state" if value in STATES:
                states &= {value}
            case "metadata.capability" if not capability or capability == value:
                capability = value
            case "metadata.capability":
                states = frozenset()
            case "done":
                raise _wrong(f"done is true or false, not '{value[:64]}'")
            case "metadata.state":
                raise _wrong(f"there is no state '{value[:64]}'; states are {', '.join(STATES)}")
            case _:
                raise _wrong(f"'{name[:64]}' cannot be asked for; known are {_KNOWN}")
    return Filter(capability, states, nothing=not states)


def _wrong(text: str) -> InvalidArgument:
    return InvalidArgument(FieldViolation("filter", text))
