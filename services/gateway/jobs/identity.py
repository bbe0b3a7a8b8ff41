"""Ids of jobs: unguessable, and in the order of time."""

import secrets
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """26 lower-case letters and digits: ten for the time in milliseconds, sixteen by chance.

    The form of a ULID (https://github.com/ulid/spec), in lower case.
    """
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))
