"""Path templates of google.api.http: parsing one, and matching a path. Knows no protos.

The grammar is the one of google/api/http.proto:

    Template = "/" Segments [ ":" verb ]
    Segment  = "*" | "**" | literal | "{" field.path [ "=" Segments ] "}"

"*" stands for one segment, "**" for the rest of the path, and comes last.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_FIELD_PATH = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*", re.ASCII)
_LITERAL = re.compile(r"[^{}*:/]+")
_VERB = re.compile(r"^(?P<path>.*):(?P<verb>[^{}*:/]+)$")
_PIECE = re.compile(r"\{(?P<field>[^{}=]*)(=(?P<inner>[^{}]*))?\}|(?P<plain>[^{}/]+)")
_ESCAPED_SLASH = re.compile("(%2F)", re.IGNORECASE)


class TemplateError(ValueError):
    """A path template that does not follow the grammar; the text says how."""


@dataclass(frozen=True)
class Variable:
    """A field that takes its value from the path.

    It covers the template's segments from `first` up to `last`, which is not included; None
    stands for the rest of the path. `multiple` says whether more than one segment may match.
    """

    field_path: str
    first: int
    last: int | None
    multiple: bool


@dataclass(frozen=True)
class PathTemplate:
    """A parsed template. `segments` holds literals, "*" and "**"."""

    text: str
    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str = ""

    @property
    def specificity(self) -> tuple[bool, tuple[int, ...]]:
        """A sort key: of two templates that match a path, the more exact one is smaller."""
        ranks = {"*": 1, "**": 2}
        return not self.verb, tuple(ranks.get(segment, 0) for segment in self.segments)

    def match(self, segments: Sequence[str], verb: str) -> dict[str, str] | None:
        """Give the variables of a path, decoded, by field path; None if the path is another.

        `segments` are still percent-encoded, and without the verb.
        """
        if verb != self.verb or not self._fits(segments):
            return None
        return {
            variable.field_path: _decode(segments[variable.first : variable.last], variable)
            for variable in self.variables
        }

    def _fits(self, path: Sequence[str]) -> bool:
        head = self.segments
        if head and head[-1] == "**":
            head = head[:-1]
            if len(path) < len(head) or not all(path[len(head) :]):
                return False
        elif len(path) != len(head):
            return False
        return all(
            bool(given) if wanted == "*" else unquote(given) == wanted
            for wanted, given in zip(head, path, strict=False)
        )


def parse_template(text: str) -> PathTemplate:
    """Parse a template; raise TemplateError."""
    if not text.startswith("/"):
        raise TemplateError(f"'{text}' does not begin with '/'")
    found = _VERB.match(text)
    path, verb = (found["path"], found["verb"]) if found else (text, "")
    segments: list[str] = []
    variables: list[Variable] = []
    position = 1
    while position <= len(path):
        piece = _PIECE.match(path, position)
        if piece is None or path[piece.end() : piece.end() + 1] not in ("", "/"):
            raise TemplateError(f"'{text}' is malformed at character {position}")
        inner = piece["plain"] or piece["inner"] or "*"
        if piece["field"] is not None:
            variables.append(_variable(text, piece["field"], inner.split("/"), len(segments)))
        segments.extend(inner.split("/"))
        position = piece.end() + 1
    _check(text, segments, variables)
    return PathTemplate(text, tuple(segments), tuple(variables), verb)


def split_path(raw_path: str, verbs: frozenset[str]) -> tuple[list[str], str]:
    """Cut a percent-encoded path into segments, and its verb off if it is one of `verbs`."""
    path, colon, verb = raw_path.rpartition(":")
    if colon and verb in verbs:
        return path.removeprefix("/").split("/"), verb
    return raw_path.removeprefix("/").split("/"), ""


def _variable(text: str, field_path: str, inner: list[str], first: int) -> Variable:
    if not _FIELD_PATH.fullmatch(field_path):
        raise TemplateError(f"'{text}': '{field_path}' is no field path")
    multiple = len(inner) > 1 or inner == ["**"]
    last = None if inner[-1] == "**" else first + len(inner)
    return Variable(field_path, first, last, multiple)


def _check(text: str, segments: list[str], variables: list[Variable]) -> None:
    for segment in segments:
        if segment not in ("*", "**") and not _LITERAL.fullmatch(segment):
            raise TemplateError(f"'{text}': '{segment}' is no segment")
    if "**" in segments[:-1]:
        raise TemplateError(f"'{text}': '**' must come last")
    names = [variable.field_path for variable in variables]
    if len(set(names)) != len(names):
        raise TemplateError(f"'{text}' binds a field twice")


def _decode(segments: Sequence[str], variable: Variable) -> str:
    """Decode as http.proto says: an escaped slash stays as it is if several segments match."""
    text = "/".join(segments)
    if not variable.multiple:
        return unquote(text, errors="strict")
    pieces = _ESCAPED_SLASH.split(text)
    return "".join(
        piece if _ESCAPED_SLASH.fullmatch(piece) else unquote(piece, errors="strict")
        for piece in pieces
    )
