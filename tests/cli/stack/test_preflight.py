import os
import socket
from pathlib import Path

import pytest

from services.cli.complaint import ComplaintError
from services.cli.stack.plan import Port, Process
from services.cli.stack.preflight import require_free_ports, require_models


def process(*ports: Port, model: str = "", module: str = "services.gateway") -> tuple[Process]:
    return (
        Process(
            name="llm",
            what="",
            module=module,
            ports=ports,
            shutdown_grace_seconds=1,
            model=model,
        ),
    )


def test_a_taken_port_is_told_with_its_owner_and_its_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(ComplaintError) as caught:
            require_free_ports(process(Port("capabilities.llm.port", "127.0.0.1", number)))
    text = str(caught.value)
    assert f"port {number} (capabilities.llm.port) is taken by " in text
    assert f"(pid {os.getpid()})" in text
    assert f"ATELIER_LLM_PORT={number + 1000}" in text
    assert "\n" not in text


def test_a_port_that_nobody_needs_may_be_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = Port("capabilities.llm.port", "127.0.0.1", server.getsockname()[1])
        require_free_ports(process(port, module=""))


def test_a_host_of_another_machine_is_told() -> None:
    with pytest.raises(ComplaintError, match=r"gateway\.host: cannot listen on 192\.0\.2\.1"):
        require_free_ports(process(Port("gateway.http_port", "192.0.2.1", 8080)))


def test_a_stack_cannot_run_on_port_0() -> None:
    with pytest.raises(ComplaintError, match="set ATELIER_GATEWAY_HTTP_PORT=<port>"):
        require_free_ports(process(Port("gateway.http_port", "127.0.0.1", 0)))


def test_a_model_that_is_nowhere_is_told_with_its_setting(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(ComplaintError, match=r"^capabilities\.llm\.model: .*missing"):
        require_models(process(model=missing))
    require_models(process(model=str(tmp_path)))
    require_models(process(model=missing, module=""))
