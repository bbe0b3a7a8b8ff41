import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from atelier.gateway.v1 import gateway_pb2
from services.cli.client.lights import short_age
from services.cli.client.watch import HealthView
from tests.cli.conftest import Atelier


async def test_without_a_terminal_each_change_is_a_line(atelier: Atelier) -> None:
    ran = await atelier("watch")
    assert ran.out == "llm ● available\ntts ■ unavailable (no worker answers)\nllm ▲ error\n"


async def test_without_a_gateway_it_says_so(atelier: Atelier) -> None:
    ran = await atelier("watch", "--address", "127.0.0.1:1")
    assert (ran.status, ran.out) == (1, "")
    assert "no gateway answers at 127.0.0.1:1" in ran.err


def test_the_table_shows_state_age_and_evidence() -> None:
    now = 1000.0
    view = HealthView(now=lambda: now)
    capability = gateway_pb2.Capability(
        name="llm",
        state="error",
        since=Timestamp(seconds=940),
        last_success=Timestamp(seconds=400),
        last_failure=gateway_pb2.Failure(
            time=Timestamp(seconds=940), code="INTERNAL", reason="BROKEN", message="no [weights]"
        ),
        verdicts=gateway_pb2.VerdictCounts(success=3, failure=1, neutral=2, offline=1),
    )
    view.update(gateway_pb2.WatchCapabilitiesResponse(capabilities=[capability]))
    text = _text(view)
    for part in ("llm", "▲ error", "1 min 0 s", "10 min 0 s ago", "3/2/2"):
        assert part in text
    assert "llm failed 1 min 0 s ago: no [weights] (BROKEN)" in text
    now = 1005.0
    assert "1 min 5 s" in _text(view)


def test_a_gateway_that_is_lost_is_told_under_the_table() -> None:
    view = HealthView()
    view.trouble = "lost the gateway"
    assert "lost the gateway" in _text(view)
    view.update(gateway_pb2.WatchCapabilitiesResponse())
    assert "lost the gateway" not in _text(view)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (7800, "2 h 10 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_ages_have_two_units_at_most(seconds: float, text: str) -> None:
    assert short_age(seconds) == text


def _text(view: HealthView) -> str:
    console = Console(width=160, record=True, quiet=False)
    with console.capture() as captured:
        console.print(view.render())
    return captured.get()
