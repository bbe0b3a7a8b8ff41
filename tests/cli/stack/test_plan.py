import pytest

from services.cli.stack.plan import plan_processes, reachable_host
from services.common.settings import CapabilityRow, GatewaySettings, Settings

LLM = CapabilityRow(
    name="llm",
    service="atelier.llm.v1.LlmService",
    port=50051,
    metrics_port=9401,
    module="tests.support.talking",
    model="some-model",
)


def test_the_gateway_comes_first_then_each_capability() -> None:
    gateway, llm = plan_processes(Settings(capabilities=(LLM,)))
    assert (gateway.name, gateway.module) == ("gateway", "services.gateway")
    assert (llm.name, llm.what, llm.module) == ("llm", "LlmService", "tests.support.talking")
    assert (llm.model, llm.device) == ("some-model", "auto")


@pytest.mark.parametrize("module", ["services.common", "services.nowhere", "nowhere.at.all"])
def test_a_module_that_cannot_run_is_no_worker(module: str) -> None:
    row = CapabilityRow(name="x", service="a.B", port=1, metrics_port=2, module=module)
    assert not plan_processes(Settings(capabilities=(row,)))[1].exists


def test_a_port_knows_its_environment_variable() -> None:
    gateway, llm = plan_processes(Settings(capabilities=(LLM,)))
    assert [port.variable for port in (*gateway.ports, *llm.ports)] == [
        "ATELIER_GATEWAY_HTTP_PORT",
        "ATELIER_GATEWAY_GRPC_PORT",
        "ATELIER_GATEWAY_METRICS_PORT",
        "ATELIER_LLM_PORT",
        "ATELIER_LLM_METRICS_PORT",
    ]


@pytest.mark.parametrize(
    ("host", "reachable"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")],
)
def test_an_address_can_be_reached_from_here(host: str, reachable: str) -> None:
    assert reachable_host(host) == reachable
    gateway = plan_processes(Settings(gateway=GatewaySettings(host=host)))[0]
    assert gateway.ports[0].address == f"{reachable}:8080"
