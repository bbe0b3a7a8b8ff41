"""The live health table: every capability with its light, its age and its evidence."""

import time
from collections.abc import Callable, Iterator

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.cli.client.explanation import explain
from services.cli.client.lights import light, short_age

RECONNECT_SECONDS = 1.0


class HealthView:
    """What is known of the capabilities, ready to be shown."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._capabilities: dict[str, gateway_pb2.Capability] = {}
        self.trouble = ""
        """Why nothing new can come at present; empty while all is well."""

    def update(self, response: gateway_pb2.WatchCapabilitiesResponse) -> None:
        """Takes over what is new."""
        self.trouble = ""
        for capability in response.capabilities:
            self._capabilities[capability.name] = capability

    def render(self) -> RenderableType:
        """The table as of now; ages grow between two updates."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("capability", "state", "for", "running", "last success", "ok/failed/other"):
            table.add_column(title, no_wrap=True)
        for capability in self._capabilities.values():
            table.add_row(*self._row(capability))
        troubles = [self._trouble(item) for item in self._capabilities.values()]
        return Group(table, *(text for text in troubles if text), Text(self.trouble, "red"))

    def _row(self, capability: gateway_pb2.Capability) -> tuple[RenderableType, ...]:
        verdicts = capability.verdicts
        return (
            capability.name,
            light(capability.state),
            self._age(capability, "since"),
            str(capability.calls_running),
            self._age(capability, "last_success", " ago"),
            f"{verdicts.success}/{verdicts.failure + verdicts.offline}/{verdicts.neutral}",
        )

    def _trouble(self, capability: gateway_pb2.Capability) -> Text | None:
        """What is, or was last, wrong with a capability, as a line below the table."""
        name = capability.name
        if capability.unavailable_reason:
            return Text(f"{name}: {capability.unavailable_reason}")
        if not capability.HasField("last_failure"):
            return None
        failure = capability.last_failure
        reason = failure.reason or failure.code
        age = self._seconds_since(failure.time)
        return Text(f"{name} failed {age} ago: {failure.message} ({reason})")

    def _age(self, capability: gateway_pb2.Capability, field: str, suffix: str = "") -> str:
        if not capability.HasField(field):
            return "-"
        return self._seconds_since(getattr(capability, field)) + suffix

    def _seconds_since(self, timestamp: Timestamp) -> str:
        return short_age(self._now() - timestamp.ToMicroseconds() / 1e6)


def watch(channel: grpc.Channel, address: str, console: Console) -> None:
    """Shows the table until Ctrl-C; without a terminal it prints a line for each change.

    Raises ComplaintError if no gateway answers at first; one that goes away later is waited for.
    """
    stub = gateway_pb2_grpc.CapabilityServiceStub(channel)
    if not console.is_terminal:
        _print_changes(stub, address, console)
        return
    view = HealthView()
    with Live(get_renderable=view.render, console=console, refresh_per_second=2):
        for response in _changes(stub, address, view):
            view.update(response)


def _changes(
    stub: gateway_pb2_grpc.CapabilityServiceStub, address: str, view: HealthView
) -> Iterator[gateway_pb2.WatchCapabilitiesResponse]:
    """All updates; after a loss it connects again for as long as it takes."""
    seen = False
    while True:
        try:
            for response in stub.WatchCapabilities(
                gateway_pb2.WatchCapabilitiesRequest(), wait_for_ready=seen
            ):
                seen = True
                yield response
        except grpc.RpcError as error:
            complaint = explain(error, address)
            if not seen:
                raise complaint from None
            view.trouble = f"lost the gateway, waiting for it: {complaint}"
        time.sleep(RECONNECT_SECONDS)


def _print_changes(
    stub: gateway_pb2_grpc.CapabilityServiceStub, address: str, console: Console
) -> None:
    try:
        for response in stub.WatchCapabilities(gateway_pb2.WatchCapabilitiesRequest()):
            for capability in response.capabilities:
                reason = capability.unavailable_reason
                text = Text.assemble(f"{capability.name} ", light(capability.state))
                console.print(text if not reason else Text.assemble(text, f" ({reason})"))
    except grpc.RpcError as error:
        raise explain(error, address) from None
