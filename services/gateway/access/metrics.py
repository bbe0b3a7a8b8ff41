"""The gate's series, read from the gate at scrape; at zero where there is no gate."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from services.gateway.access.errors import KeyRequired, RateLimited, TooManyCalls
from services.gateway.access.gate import Gate

REASONS = (KeyRequired.reason, RateLimited.reason, TooManyCalls.reason)


class GateCollector(Collector):
    """How many calls were not let in, and why."""

    def __init__(self, gate: Gate | None) -> None:
        self._gate = gate

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yields the family with every reason."""
        family = CounterMetricFamily(
            "atelier_access_refused",
            "Calls of both faces that were not let in, by the reason that they were told.",
            labels=["reason"],
        )
        for reason in REASONS:
            family.add_metric([reason], self._gate.refusals[reason] if self._gate else 0)
        yield family
