"""The values that a number in a request may have, and the words for one that it may not."""

import math
from dataclasses import dataclass

from services.common.errors import FieldViolation, InvalidArgument


@dataclass(frozen=True)
class Span:
    """Whole numbers from `minimum` to `maximum` that are `offset` more than a multiple.

    With `allowed`, only those, which are sorted.
    """

    minimum: int
    maximum: int
    multiple: int = 1
    offset: int = 0
    allowed: tuple[int, ...] = ()

    @classmethod
    def of(cls, *values: int) -> "Span":
        """Exactly these values."""
        chosen = tuple(sorted(set(values)))
        return cls(chosen[0], chosen[-1], allowed=chosen)

    def __contains__(self, value: int) -> bool:
        if self.allowed:
            return value in self.allowed
        in_step = (value - self.offset) % self.multiple == 0
        return self.minimum <= value <= self.maximum and in_step

    def nearest(self, value: int) -> tuple[int, ...]:
        """The next value below and the next above; one if there is none on the other side."""
        below = [item for item in self._around(value) if item <= value]
        above = [item for item in self._around(value) if item >= value]
        found = ([max(below)] if below else []) + ([min(above)] if above else [])
        return tuple(dict.fromkeys(found))

    def closest(self, value: int) -> int:
        """The value with the smallest distance, the smaller one of two."""
        return min(self.nearest(value), key=lambda item: abs(item - value))

    def refusal(self, field: str, value: int) -> FieldViolation:
        """Why `value` cannot be had, with the nearest that can."""
        nearest = self.nearest(value)
        which = "the nearest is" if len(nearest) == 1 else "the nearest are"
        return FieldViolation(
            field, f"must be {self}, not {value}; {which} {' and '.join(map(str, nearest))}"
        )

    def __str__(self) -> str:
        if self.minimum == self.maximum:
            return str(self.minimum)
        if self.allowed:
            return f"one of {', '.join(map(str, self.allowed))}"
        reach = f"from {self.minimum} to {self.maximum}"
        if self.multiple == 1:
            return reach
        more = f"{self.offset} more than " if self.offset else ""
        return f"{more}a multiple of {self.multiple} {reach}"

    def _around(self, value: int) -> list[int]:
        if self.allowed:
            return list(self.allowed)
        first = (
            self.offset + math.ceil((self.minimum - self.offset) / self.multiple) * self.multiple
        )
        last = self.offset + (self.maximum - self.offset) // self.multiple * self.multiple
        near = value - (value - self.offset) % self.multiple
        return [min(max(item, first), last) for item in (near, near + self.multiple)]


@dataclass(frozen=True)
class Reach:
    """Numbers from `minimum` to `maximum`."""

    minimum: float
    maximum: float

    def __contains__(self, value: float) -> bool:
        return self.minimum <= value <= self.maximum

    def refusal(self, field: str, value: float) -> FieldViolation:
        """Why `value` cannot be had."""
        return FieldViolation(field, f"must be {self}, not {value:g}")

    def __str__(self) -> str:
        if self.minimum == self.maximum:
            return f"{self.minimum:g}"
        return f"from {self.minimum:g} to {self.maximum:g}"


class Complaints:
    """Collects what is wrong with a request, so that its caller hears it all at once."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        """Complains about a field."""
        self._violations.append(FieldViolation(field, description))

    def require(self, field: str, value: float, among: Span | Reach) -> None:
        """Complains if the value is not among those that can be had."""
        if isinstance(among, Span):
            whole = int(value)
            if whole not in among:
                self._violations.append(among.refusal(field, whole))
        elif value not in among:  # not a number is in no reach
            self._violations.append(among.refusal(field, value))

    def raise_any(self) -> None:
        """Raises InvalidArgument with all complaints; does nothing without any."""
        if self._violations:
            raise InvalidArgument(*self._violations)
