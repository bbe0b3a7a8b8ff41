"""Calls that were not let in are counted by their reason."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.common.api_keys import LiveKeys
from services.common.errors import AtelierError
from services.gateway.access.gate import Gate
from services.gateway.access.metrics import GateCollector
from tests.support.locked import Keys


def refused(gate: Gate | None) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(GateCollector(gate))
    return {
        sample.labels["reason"]: sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def enter(gate: Gate, secret: str) -> None:
    with gate.admitted(gate.key(x_api_key=secret)):
        pass


def test_each_refusal_counts_once(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    hasty, busy = keys.add("hasty", rate=1), keys.add("busy", concurrent=1)
    gate = Gate(LiveKeys(keys.path), calls_per_caller=9, clock=lambda: 0.0)
    enter(gate, hasty)
    for secret in ("wrong", "", hasty):
        with pytest.raises(AtelierError):
            enter(gate, secret)
    with gate.admitted(gate.key(x_api_key=busy)), pytest.raises(AtelierError):
        enter(gate, busy)
    assert refused(gate) == {"API_KEY_REQUIRED": 2, "RATE_LIMITED": 1, "TOO_MANY_CALLS": 1}


def test_without_a_gate_nobody_is_refused() -> None:
    assert refused(None) == {"API_KEY_REQUIRED": 0, "RATE_LIMITED": 0, "TOO_MANY_CALLS": 0}
