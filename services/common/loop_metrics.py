"""How soon an event loop comes round to something new: what a caller feels of a process that
computes where it should only wait. Measured at scrape; between scrapes it costs nothing.
"""

import asyncio
import threading
import time
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class LoopLagCollector(Collector):
    """Asks the loop at scrape, from the scrape's own thread, and waits `most_seconds` at most."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_seconds: float = 2.0) -> None:
        self._loop = loop
        self._most_seconds = most_seconds

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The family without a value, so that registering asks nothing."""
        yield _family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields the seconds that the loop took, or `most_seconds` if it took longer."""
        answered = threading.Event()
        began = time.monotonic()
        try:
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:  # closed: the process is about to end
            return
        answered.wait(self._most_seconds)
        family = _family()
        family.add_metric([], min(time.monotonic() - began, self._most_seconds))
        yield family


def _family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "atelier_event_loop_lag_seconds",
        "Time that the event loop took to come round to a question, up to 2 s.",
    )
