"""The small parts of the skeleton: ids, devices, addresses, options, methods, metrics, logs."""

import io
import logging
import socket

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from atelier.llm.v1 import llm_pb2
from services.common import call_id, logs
from services.common.cancellation import Cancellation, JobCancelled
from services.common.device import pick_device
from services.common.grpc_options import address, client_options, server_options
from services.common.methods import methods_of, service_methods
from services.common.ports import require_free, serve_metrics
from services.common.settings import SettingsError
from services.common.worker_metrics import WorkerMetrics

LLM = llm_pb2.DESCRIPTOR.services_by_name["LlmService"].full_name


# --- call_id -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a", "0123456789abcdef", "x" * 128, "a/b:c=d?"])
def test_a_fit_id_is_kept(text: str) -> None:
    assert call_id.of([("other", "1"), ("x-request-id", text)]) == text


@pytest.mark.parametrize(
    "text", ["", " ", "two words", "line\nbreak", "tab\t", "ä", "\x7f", "x" * 129, b"bytes"]
)
def test_what_could_spoil_a_log_line_is_replaced(text: str | bytes) -> None:
    given = call_id.of([("x-request-id", text)])
    assert given != text
    assert len(given) == 16


def test_every_new_id_is_another() -> None:
    assert call_id.of(None) != call_id.of(())


# --- cancellation --------------------------------------------------------------------------------


def test_a_cancellation_is_heard_at_the_next_step() -> None:
    cancellation = Cancellation()
    cancellation.check()
    cancellation.cancel()
    cancellation.cancel()
    assert cancellation.cancelled
    with pytest.raises(JobCancelled):
        cancellation.check()


# --- device --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "gpus", "device"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_a_device_is_picked(setting: str, gpus: int, device: str) -> None:
    assert pick_device(setting, cuda_devices=gpus) == device


@pytest.mark.parametrize(
    ("setting", "gpus", "says"),
    [
        ("cuda", 0, "'cuda' is not there, this machine shows 0 GPUs; use auto or cpu"),
        ("cuda:2", 2, "'cuda:2' is not there, this machine shows 2 GPUs"),
        ("gpu", 1, "'gpu' is none of auto, cpu, cuda:<number>"),
        ("cuda:-1", 1, "is none of"),
    ],
)
def test_a_device_that_is_not_there_is_refused(setting: str, gpus: int, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        pick_device(setting, cuda_devices=gpus)
    assert says in str(error.value)


# --- grpc_options and ports ----------------------------------------------------------------------


def test_an_address_is_written_as_grpc_takes_it() -> None:
    assert address("127.0.0.1", 80) == "127.0.0.1:80"
    assert address("gpu-1", 80) == "gpu-1:80"
    assert address("::1", 80) == "[::1]:80"


def test_both_ends_of_a_hop_have_the_same_limits() -> None:
    server, client = dict(server_options(3)), dict(client_options(3, 2.0, 1.0))
    for key in ("grpc.max_receive_message_length", "grpc.max_send_message_length"):
        assert server[key] == client[key] == 3 * 1024 * 1024


def test_a_silent_peer_is_found_by_pings_only_under_a_call() -> None:
    options = dict(client_options(3, keepalive_seconds=1.5, reconnect_max_seconds=0.05))
    assert options["grpc.keepalive_time_ms"] == options["grpc.http2.ping_timeout_ms"] == 1500
    assert options["grpc.keepalive_permit_without_calls"] == 0
    assert options["grpc.initial_reconnect_backoff_ms"] == 50


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_an_address_that_cannot_be_had_names_its_setting(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for refuse in (
            lambda: require_free(host, port, "gateway.grpc_port"),
            lambda: serve_metrics(host, port, CollectorRegistry(), "gateway.grpc_port"),
        ):
            with pytest.raises(SettingsError) as error:
                refuse()
            assert str(error.value).startswith(f"gateway.grpc_port: {host}:{port} cannot be")


def test_a_free_address_stays_free() -> None:
    require_free("127.0.0.1", 0, "key")
    server = serve_metrics("127.0.0.1", 0, CollectorRegistry(), "key")
    server.shutdown()
    server.server_close()


# --- methods -------------------------------------------------------------------------------------


def test_the_contract_says_which_methods_are_tasks() -> None:
    methods = {method.path: method for method in service_methods(LLM)}
    tasks = {path for path, method in methods.items() if method.is_task}
    assert tasks == {f"/{LLM}/Chat", f"/{LLM}/StreamChat"}
    assert methods[f"/{LLM}/StreamChat"].name.type == "server_stream"
    assert methods[f"/{LLM}/DescribeModel"].name.type == "unary"
    assert [name.method for name in methods_of(LLM)] == ["Chat", "StreamChat", "DescribeModel"]


def test_a_service_that_is_not_loaded_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        service_methods("no.Such")


# --- worker_metrics ------------------------------------------------------------------------------


def test_every_series_of_a_worker_is_there_at_zero() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry, ("prefill", "decode"))
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        "atelier_worker_queue_depth 0.0",
        "atelier_worker_queue_limit 0.0",
        "atelier_worker_tasks_running 0.0",
        "atelier_worker_queue_refused_total 0.0",
        "atelier_worker_queue_wait_seconds_count 0.0",
        'atelier_worker_task_seconds_count{stage="prefill"} 0.0',
        'atelier_worker_task_seconds_count{stage="decode"} 0.0',
        "atelier_worker_model_load_seconds_count 0.0",
        "atelier_worker_model_load_failures_total 0.0",
        "atelier_worker_model_loaded 0.0",
        "atelier_worker_cancel_to_idle_seconds_count 0.0",
    ):
        assert line in lines


# --- logs ----------------------------------------------------------------------------------------


def test_a_line_names_the_process_the_call_and_the_speaker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    before = logging.root.handlers[:], logging.root.level
    token = call_id.current.set("call-1")
    try:
        logs.configure("llm")
        logging.getLogger("a.b").info("hello")
        logging.getLogger("a.b").debug("not told")
    finally:
        call_id.current.reset(token)
        logging.root.handlers[:], logging.root.level = before
    assert written.getvalue().endswith(" INFO llm [call-1] a.b: hello\n")
    assert written.getvalue().count("\n") == 1
