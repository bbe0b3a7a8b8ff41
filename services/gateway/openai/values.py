"""Values of parameters in their types: pydantic's verdicts in OpenAI's words. Knows no route."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from services.gateway.openai.errors import ApiError, invalid, missing

SEEDS = 2**32
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]


class Values(BaseModel):
    """Typed parameters; nothing is converted, but a whole number is a number."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


V = TypeVar("V", bound=Values)


def read(kind: type[V], given: Mapping[str, object], inside: str = "") -> V:
    """The values in their types; raises ApiError that names the first one that does not fit."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False), inside) from None


def folded_seed(seed: int) -> int:
    """OpenAI's seeds are any whole numbers, ours have 32 bits: equal ones stay equal."""
    return seed % SEEDS


def size(text: str) -> tuple[int, int]:
    """Width and height of "640x480"; raises ApiError."""
    width, _, height = text.partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise invalid("size", f"expected WIDTHxHEIGHT in pixels, not '{text[:40]}'")
    if max(len(width), len(height)) > 6:
        raise invalid("size", "is far too large")
    return int(width), int(height)


def _refusal(errors: list[ErrorDetails], inside: str) -> ApiError:
    param = _path(errors[0], inside)
    if errors[0]["type"] == "missing":
        return missing(param, "is missing; it is required")
    # A union has an error for each of its types.
    texts = dict.fromkeys(item["msg"] for item in errors if _path(item, inside) == param)
    kind = "invalid_type" if errors[0]["type"].endswith("_type") else "invalid_value"
    return invalid(param, " or: ".join(texts), kind)


def _path(error: ErrorDetails, inside: str) -> str:
    """The parameter's path; what pydantic adds for the members of a union is left out."""
    name, *rest = error["loc"]
    path = f"{inside}.{name}" if inside else str(name)
    return path + "".join(f"[{item}]" for item in rest if isinstance(item, int))
