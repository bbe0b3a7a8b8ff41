"""The HTTP face's series. Declares and counts; knows no route but by its name."""

from collections.abc import Iterable
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# A stream is measured to its end, and a page may follow one for hours.
_BUCKETS = (0.01, 0.05, 0.25, 1, 5, 30, 120, 600)
GONE = "gone"
_CLASSES = ("2xx", "3xx", "4xx", "5xx", GONE)


class RouteName(NamedTuple):
    """A route as the labels name it: the verb (GET also for HEAD), and the path as declared."""

    method: str
    route: str


OTHER = RouteName("other", "other")
"""Pages, files of pages, and what is no route."""


class HttpMetrics:
    """Requests by route. Only routes that were declared get labels: a closed set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.running = Gauge(
            "atelier_http_requests_running",
            "HTTP requests that are being answered, event streams included.",
            registry=registry,
        )
        self._requests = Counter(
            "atelier_http_requests",
            "HTTP requests by the class of their status; gone if the caller left before an answer.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "atelier_http_request_seconds",
            "Time from an HTTP request's head to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._series: dict[RouteName, tuple[dict[str, Counter], Histogram]] = {}
        self.declare([OTHER])

    def declare(self, names: Iterable[RouteName]) -> None:
        """Creates the series of routes before their first request."""
        for name in names:
            counts = {status: self._requests.labels(*name, status) for status in _CLASSES}
            self._series[name] = (counts, self._seconds.labels(*name))

    def ended(self, name: RouteName, status: int | None, seconds: float) -> None:
        """A request has ended; without a status its caller has left before there was one."""
        counts, duration = self._series.get(name) or self._series[OTHER]
        counts[f"{status // 100}xx" if status else GONE].inc()
        duration.observe(seconds)
