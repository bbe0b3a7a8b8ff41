"""A container's health check asks the process itself, and never a task."""

import socket
import subprocess
import sys
from collections.abc import Mapping

import pytest

from services.common.online import is_online
from services.common.settings import ROOT, SettingsError, TlsSettings, load_settings
from tests.support.ports import free_port


def settings_with(env: Mapping[str, str]):
    return load_settings(ROOT / "atelier.toml", env)


def start_worker(port: int, metrics_port: int) -> "subprocess.Popen[str]":
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos/gen'}",
        "ATELIER_IMAGE_PORT": str(port),
        "ATELIER_IMAGE_METRICS_PORT": str(metrics_port),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "services.image"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_that_serves_is_online_also_when_it_listens_everywhere() -> None:
    port = free_port()
    env = {"ATELIER_IMAGE_PORT": str(port), "ATELIER_IMAGE_HOST": "0.0.0.0"}
    with start_worker(port, free_port()) as worker:
        try:
            assert worker.stderr is not None
            assert any("serves on port" in line for line in worker.stderr)
            assert is_online("image", settings_with(env))
        finally:
            worker.terminate()
            worker.communicate()
    assert not is_online("image", settings_with(env))


def test_a_port_on_which_nobody_listens_is_offline() -> None:
    assert not is_online("gateway", settings_with({"ATELIER_GATEWAY_GRPC_PORT": str(free_port())}))


@pytest.mark.parametrize("listens", [True, False])
def test_a_tls_port_is_only_connected_to(listens: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        env = {"ATELIER_LLM_PORT": str(port), "ATELIER_TLS_FOLDER": "/no/such/folder"}
        settings = settings_with(env)
        assert isinstance(settings.tls, TlsSettings)
        if not listens:
            server.close()
        assert is_online("llm", settings) is listens


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"capabilities\.chess: is missing"):
        is_online("chess", settings_with({}))
