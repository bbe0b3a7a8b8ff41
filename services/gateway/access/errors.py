"""Why a call is not let in. No worker has seen such a call, so it is no news about any."""

import math

import grpc

from services.common.errors import AtelierError


class KeyRequired(AtelierError):
    """The call has no key, or none that is known; which of the two is not said."""

    code = grpc.StatusCode.UNAUTHENTICATED
    reason = "API_KEY_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "this gateway takes calls with an API key only; send a valid one as "
            "'authorization: Bearer <key>' or 'x-api-key: <key>'"
        )


class RateLimited(AtelierError):
    """The key has begun as many calls as it may."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "RATE_LIMITED"

    def __init__(self, per_minute: int, retry_after_seconds: float) -> None:
        super().__init__(
            f"this key may begin {per_minute} calls a minute; "
            f"try again in {math.ceil(retry_after_seconds)} s",
            retry_after_seconds=retry_after_seconds,
        )


class TooManyCalls(AtelierError):
    """As many calls of the key run as it may have."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_CALLS"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"this key may have {most} calls running at once; wait for one to end",
            retry_after_seconds=1.0,
        )
