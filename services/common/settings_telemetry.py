"""The [telemetry] table: whether calls are traced, and where their spans go.

What it leaves open is said by OpenTelemetry's own variables, OTEL_*.
"""

from dataclasses import dataclass

from services.common.settings_checks import require_url


@dataclass(frozen=True, kw_only=True)
class TelemetrySettings:
    """The [telemetry] table."""

    traces: bool = False
    """Record spans of every call and send them to an OTLP collector."""
    endpoint: str = ""
    """The collector, "http://host:4318"; if empty, what OTEL_EXPORTER_OTLP_ENDPOINT says, or the
    collector of this machine."""

    def __post_init__(self) -> None:
        require_url("telemetry", "endpoint", self.endpoint)
