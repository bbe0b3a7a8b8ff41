"""The gateway's own series. What is a state or a count of the health map is read from it at scrape,
so that it cannot drift.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.gateway.health_map import HealthMap
from services.gateway.monitor import Monitor
from services.gateway.record import State
from services.gateway.verdict import Verdict

_TASK_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)


class TaskSeconds:
    """How long tasks took, as their callers saw it: with the way to the worker and its queue."""

    def __init__(self, registry: CollectorRegistry, capabilities: Sequence[str]) -> None:
        histogram = Histogram(
            "atelier_capability_task_seconds",
            "Time from a task's arrival to its end, by how it ended.",
            ["capability", "verdict"],
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        self._series = {
            name: {verdict: histogram.labels(name, verdict.value) for verdict in Verdict}
            for name in capabilities
        }

    def of(self, capability: str) -> Callable[[Verdict, float], None]:
        """What counts the tasks of a capability."""
        series = self._series[capability]
        return lambda verdict, seconds: series[verdict].observe(seconds)


class CapabilityCollector(Collector):
    """Every capability's state and evidence."""

    def __init__(self, monitors: Sequence[Monitor], health: HealthMap) -> None:
        self._monitors = monitors
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yields all families; every label set from the start."""
        yield self._states()
        yield self._transitions()
        yield self._verdicts()
        yield self._probes()
        yield from self._evidence()

    def _states(self) -> Metric:
        family = GaugeMetricFamily(
            "atelier_capability_state",
            "1 for the state that the capability is in, 0 for the others.",
            labels=["capability", "state"],
        )
        for name, record in self._health.records.items():
            for state in State:
                family.add_metric([name, state.value], float(record.state is state))
        return family

    def _transitions(self) -> Metric:
        family = CounterMetricFamily(
            "atelier_capability_transitions",
            "How often the capability has entered the state.",
            labels=["capability", "state"],
        )
        for name in self._health.records:
            for state in State:
                family.add_metric([name, state.value], self._health.transitions[name, state])
        return family

    def _verdicts(self) -> Metric:
        family = CounterMetricFamily(
            "atelier_capability_verdicts",
            "How the capability's tasks ended.",
            labels=["capability", "verdict"],
        )
        for name, record in self._health.records.items():
            for verdict, count in record.verdicts.items():
                family.add_metric([name, verdict.value], count)
        return family

    def _probes(self) -> Metric:
        family = CounterMetricFamily(
            "atelier_capability_probes",
            "How often the worker was asked whether it is online.",
            labels=["capability", "result"],
        )
        for monitor in self._monitors:
            for result, count in monitor.probes.items():
                family.add_metric([monitor.name, result], count)
        return family

    def _evidence(self) -> Iterator[Metric]:
        since = _gauge("state_since_timestamp_seconds", "When the state was entered.")
        success = _gauge(
            "last_success_timestamp_seconds", "When a task succeeded last; 0 if none has."
        )
        failure = _gauge(
            "last_failure_timestamp_seconds", "When a task failed last; 0 if none has."
        )
        consecutive = _gauge("consecutive_failures", "Failed tasks since the last success.")
        running = _gauge("calls_running", "Tasks that run now.")
        for name, record in self._health.records.items():
            since.add_metric([name], record.since)
            success.add_metric([name], record.last_success or 0)
            failure.add_metric([name], record.last_failure.time if record.last_failure else 0)
            consecutive.add_metric([name], record.consecutive_failures)
            running.add_metric([name], record.calls_running)
        yield from (since, success, failure, consecutive, running)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"atelier_capability_{name}", text, labels=["capability"])
