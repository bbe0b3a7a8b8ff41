"""The gate before both faces: which key a call shows, and whether it may come in now.

Knows keys and limits, neither gRPC nor HTTP. A gateway that asks for no keys has no gate.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.common.api_keys import ApiKey, LiveKeys
from services.common.errors import AtelierError
from services.gateway import caller
from services.gateway.access.allowance import Allowance, Limits
from services.gateway.access.errors import KeyRequired
from services.gateway.access.sessions import Sessions

KEY_HEADERS = ("authorization", "x-api-key")
_BEARER = "bearer "


class Gate:
    """Lets calls in that show a key, each key as many as it may."""

    def __init__(
        self,
        keys: LiveKeys,
        *,
        calls_per_caller: int,
        sessions: Sessions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sessions = sessions or Sessions()
        self.refusals: Counter[str] = Counter()
        """How many calls were not let in, by the reason that they were told."""
        self._keys = keys
        self._calls_per_caller = calls_per_caller
        self._clock = clock
        self._allowances: dict[str, Allowance] = {}

    def key(self, *, authorization: str = "", x_api_key: str = "", session: str = "") -> ApiKey:
        """The key that a call shows; raises KeyRequired."""
        key = None
        if authorization[: len(_BEARER)].lower() == _BEARER:
            key = self._keys.find(authorization[len(_BEARER) :].strip())
        elif x_api_key:
            key = self._keys.find(x_api_key)
        elif session and (identity := self.sessions.key_id(session)):
            key = self._keys.by_id(identity)
        if key is None:
            self.refusals[KeyRequired.reason] += 1
            raise KeyRequired
        return key

    @contextmanager
    def admitted(self, key: ApiKey) -> Iterator[None]:
        """Counts a call of the key for as long as the context lasts, and says whose it is.

        Raises RateLimited or TooManyCalls.
        """
        allowance = self._allowance(key)
        try:
            allowance.enter(self._clock())
        except AtelierError as error:
            self.refusals[error.reason] += 1
            raise
        token = caller.current.set(caller.Caller(key.name))
        try:
            yield
        finally:
            caller.current.reset(token)
            allowance.leave()

    def _allowance(self, key: ApiKey) -> Allowance:
        limits = Limits(key.rate_per_minute, key.concurrent or self._calls_per_caller)
        allowance = self._allowances.get(key.id)
        if allowance is None:
            allowance = self._allowances[key.id] = Allowance(limits, self._clock())
        elif allowance.limits != limits:
            allowance.change(limits, self._clock())
        return allowance
