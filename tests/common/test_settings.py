"""Settings come from one file and the environment, and every mistake is one helpful line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.common.settings import (
    GatewaySettings,
    SettingsError,
    WorkerSettings,
    load_settings,
    load_worker,
)

LLM = """
[capabilities.llm]
service = "atelier.llm.v1.LlmService"
port = 50051
metrics_port = 9401
model = "smollm2-135m-instruct"
"""


@dataclass(frozen=True, kw_only=True)
class LlmSettings(WorkerSettings):
    stops: tuple[str, ...] = ("end",)
    weights: tuple[float, ...] = ()
    warmth: float = 0.7
    offload: bool = False


def worker(tmp_path: Path, text: str = "", **env: str) -> LlmSettings:
    file = tmp_path / "atelier.toml"
    file.write_text(LLM + text)
    return load_worker("llm", LlmSettings, file, env)


def gateway(tmp_path: Path, text: str, **env: str) -> GatewaySettings:
    file = tmp_path / "atelier.toml"
    file.write_text(text)
    return load_settings(file, env).gateway


def complaint(call: Any, *arguments: Any, **env: str) -> str:
    with pytest.raises(SettingsError) as error:
        call(*arguments, **env)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{error.value.key}: ")
    return str(error.value)


# --- The repository's own file -------------------------------------------------------------------


def test_the_repositorys_file_says_the_defaults() -> None:
    settings = load_settings(env={})
    assert settings.gateway == GatewaySettings()
    ports = {row.name: (row.port, row.metrics_port) for row in settings.capabilities}
    assert ports == {
        "llm": (50051, 9401),
        "tts": (50052, 9402),
        "image": (50053, 9403),
        "videogen": (50054, 9404),
    }
    assert {row.host for row in settings.capabilities} == {"127.0.0.1"}


def test_a_row_says_where_its_worker_and_its_stubs_are() -> None:
    row = load_settings(env={"ATELIER_LLM_HOST": "::1"}).capabilities[0]
    assert row.target == "[::1]:50051"
    assert row.stub_module == "atelier.llm.v1.llm_pb2"
    assert row.worker_module == "services.llm"


def test_a_row_may_name_its_own_worker_and_stubs(tmp_path: Path) -> None:
    file = tmp_path / "atelier.toml"
    file.write_text(LLM + 'module = "mine.worker"\nstubs = "mine.stubs_pb2"\n')
    [row] = load_settings(file, {}).capabilities
    assert (row.worker_module, row.stub_module) == ("mine.worker", "mine.stubs_pb2")
    assert load_worker("llm", WorkerSettings, file, {}).name == "llm"


# --- Values --------------------------------------------------------------------------------------


def test_a_worker_has_its_table_over_the_defaults(tmp_path: Path) -> None:
    settings = worker(tmp_path, 'queue_size = 3\nstops = ["a", "b"]\nwarmth = 1\npreload = true\n')
    assert (settings.queue_size, settings.stops, settings.preload) == (3, ("a", "b"), True)
    assert settings.warmth == 1.0
    assert isinstance(settings.warmth, float)
    assert settings.threads == 0


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    settings = worker(
        tmp_path,
        "queue_size = 3",
        ATELIER_LLM_QUEUE_SIZE="4",
        ATELIER_LLM_STOPS=" a, b ,",
        ATELIER_LLM_WEIGHTS="0.5,2",
        ATELIER_LLM_WARMTH="2",
        ATELIER_LLM_OFFLOAD="Yes",
        ATELIER_TTS_QUEUE_SIZE="5",
    )
    assert (settings.queue_size, settings.stops, settings.weights) == (4, ("a", "b"), (0.5, 2.0))
    assert (settings.warmth, settings.offload) == (2.0, True)


def test_the_environment_can_name_another_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[gateway]\nhttp_port = 1234\n")
    assert load_settings(env={"ATELIER_SETTINGS": str(file)}).gateway.http_port == 1234


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("ON", True), ("0", False), ("no", False), ("False", False)],
)
def test_words_for_true_and_false(tmp_path: Path, text: str, value: bool) -> None:
    assert worker(tmp_path, ATELIER_LLM_PRELOAD=text).preload is value


def test_an_empty_variable_empties_a_list(tmp_path: Path) -> None:
    assert gateway(tmp_path, "", ATELIER_GATEWAY_CORS_ORIGINS="").cors_origins == ()


# --- Mistakes in a worker's table ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("quue_size = 3", "capabilities.llm.quue_size: is no setting; known are service, port"),
        ('name = "x"', "capabilities.llm.name: is no setting"),
        ('queue_size = "3"', "capabilities.llm.queue_size: must be a whole number, not '3'"),
        ("queue_size = 3.0", "capabilities.llm.queue_size: must be a whole number, not 3.0"),
        ("queue_size = true", "capabilities.llm.queue_size: must be a whole number, not True"),
        ("queue_size = 0", "capabilities.llm.queue_size: must be more than 0, not 0"),
        ("preload = 1", "capabilities.llm.preload: must be true or false, not 1"),
        ("device = 0", "capabilities.llm.device: must be a text in quotes, not 0"),
        ('device = "gpu"', "capabilities.llm.device: 'gpu' is none of auto, cpu, cuda:<number>"),
        ('dtype = "int8"', "capabilities.llm.dtype: 'int8' is none of auto, float32, bfloat16"),
        ('stops = "a"', "capabilities.llm.stops: must be a list, not 'a'"),
        ("stops = [1]", "capabilities.llm.stops: must be a text in quotes, not 1"),
        ("warmth = nan", "capabilities.llm.warmth: must be a number, not nan"),
        ("warmth = inf", "capabilities.llm.warmth: must be a number, not inf"),
        ("threads = -1", "capabilities.llm.threads: must be 0 or more, not -1"),
        ("shutdown_grace_seconds = -1", "shutdown_grace_seconds: must be 0 or more, not -1.0"),
        ("task_time_limit_seconds = 0", "task_time_limit_seconds: must be more than 0, not 0.0"),
        ("max_message_mib = 0", "capabilities.llm.max_message_mib: must be more than 0"),
        ("max_message_mib = 2048", "capabilities.llm.max_message_mib: must be at most 2047"),
        ('host = ""', "capabilities.llm.host: '' is no host; write a name or an address"),
        ('host = "http://a"', "capabilities.llm.host: 'http://a' is no host"),
        ('host = "a:80"', "capabilities.llm.host: 'a:80' is no host"),
        ("[capabilities.llm.more]", "capabilities.llm.more: is no setting"),
    ],
)
def test_a_wrong_line_is_named_and_explained(tmp_path: Path, line: str, says: str) -> None:
    assert says in complaint(worker, tmp_path, line)


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("ATELIER_LLM_PORT", "x", "must be a whole number, not 'x'"),
        ("ATELIER_LLM_PORT", "", "must be a whole number, not ''"),
        ("ATELIER_LLM_PORT", "1\n2", r"must be a whole number, not '1\n2'"),
        ("ATELIER_LLM_WARMTH", "inf", "must be a number, not 'inf'"),
        ("ATELIER_LLM_WARMTH", "nan", "must be a number, not 'nan'"),
        ("ATELIER_LLM_OFFLOAD", "maybe", "must be true or false, not 'maybe'"),
        ("ATELIER_LLM_WEIGHTS", "1,x", "must be a number, not 'x'"),
    ],
)
def test_a_wrong_variable_is_named_and_explained(
    tmp_path: Path, variable: str, text: str, says: str
) -> None:
    assert complaint(worker, tmp_path, **{variable: text}) == f"{variable}: {says}"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('service = "x"', "capabilities.llm.service: 'x' is no full service name"),
        ('service = ".a.B"', "capabilities.llm.service: '.a.B' is no full service name"),
        ("port = 70000", "capabilities.llm.port: 70000 is no port; use 1 to 65535"),
        ("port = -1", "capabilities.llm.port: -1 is no port"),
        ('model = ""', "capabilities.llm.model: is empty; name a starter model, a folder or"),
    ],
)
def test_both_sides_check_what_both_read(tmp_path: Path, line: str, says: str) -> None:
    key = line.partition(" =")[0]
    lines = [item for item in LLM.splitlines() if not item.startswith(f"{key} =")]
    file = tmp_path / "atelier.toml"
    file.write_text("\n".join([*lines, line]))
    assert says in complaint(load_worker, "llm", WorkerSettings, file, {})
    if key != "model":
        assert says in complaint(load_settings, file, {})


def test_a_missing_key_is_named_with_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "atelier.toml"
    file.write_text('[capabilities.llm]\nservice = "a.B"\nport = 1\nmetrics_port = 2\n')
    assert complaint(load_worker, "llm", WorkerSettings, file, {}) == (
        "capabilities.llm.model: is missing; add it to the settings file, or set ATELIER_LLM_MODEL"
    )


# --- Mistakes in the file ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gateway", "is not valid TOML: "),
        ("gateway = 5", "gateway: must be a table, [gateway], not 5"),
        ("capabilities = 5", "capabilities: must be a table, [capabilities], not 5"),
        ("capabilities = [1]", "capabilities: must be a table"),
        ("[capabilities]\nllm = 5", "capabilities.llm: must be a table, [capabilities.llm], not 5"),
        ("[other]", "other: is no table of atelier.toml; known are gateway, jobs"),
        ("[gateway]\nport = 1", "gateway.port: is no setting; known are host, grpc_port"),
        ("[gateway]\ngrpc_port = 99999", "gateway.grpc_port: 99999 is no port"),
        ("[gateway]\nkeepalive_seconds = 0", "gateway.keepalive_seconds: must be more than 0"),
        ("[gateway]\nmax_message_mib = 4096", "gateway.max_message_mib: must be at most 2047"),
        ("[gateway]\nhost = 'a b'", "gateway.host: 'a b' is no host"),
        ("[gateway]\npublic_url = 'a.org'", "gateway.public_url: 'a.org' is no URL"),
        ("[gateway]\npublic_url = 'http://a?b'", "gateway.public_url: 'http://a?b' is no URL"),
        ("[capabilities.Llm]", "capabilities.Llm: is no name for a capability; use lower-case"),
        ("[capabilities.my-llm]", "capabilities.my-llm: is no name for a capability"),
        ("[capabilities.gateway]", "capabilities.gateway: is no name for a capability"),
        ("[gateway]\nhttp_port = 9400", "gateway.metrics_port: 9400 is taken by gateway.http_port"),
        (LLM.replace("9401", "50051"), "llm.metrics_port: 50051 is taken by capabilities.llm.port"),
        (LLM.replace("9401", "8080"), "8080 is taken by gateway.http_port; choose another"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, text: str, says: str) -> None:
    assert says in complaint(gateway, tmp_path, text)


def test_the_same_port_on_another_host_is_another_address(tmp_path: Path) -> None:
    text = LLM.replace("50051", "8080") + 'host = "gpu-1"\n'
    assert gateway(tmp_path, text).http_port == 8080


def test_port_0_may_be_given_often(tmp_path: Path) -> None:
    gateway(tmp_path, "[gateway]\nhttp_port = 0\ngrpc_port = 0\nmetrics_port = 0\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%eth0", "gpu-1.lan"])
def test_hosts_that_are_fine(tmp_path: Path, host: str) -> None:
    assert gateway(tmp_path, f"[gateway]\nhost = '{host}'\n").host == host


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert complaint(load_settings, missing, {}) == (
        f"{missing}: is missing; name another file with ATELIER_SETTINGS"
    )


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert complaint(load_settings, tmp_path, {}) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "atelier.toml"
    file.write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in complaint(load_settings, file, {})


def test_a_worker_without_a_table_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "atelier.toml"
    file.write_text(LLM)
    assert complaint(load_worker, "tts", WorkerSettings, file, {}) == (
        "capabilities.tts: is missing; add the table to the settings file"
    )


def test_a_misspelled_variable_of_the_gateway_is_named_with_what_may_be_meant() -> None:
    meant = "ATELIER_GATEWAY_HTP_PORT: is no setting; did you mean ATELIER_GATEWAY_HTTP_PORT"
    with pytest.raises(SettingsError, match=meant):
        load_settings(env={"ATELIER_GATEWAY_HTP_PORT": "1"})


def test_a_misspelled_variable_of_a_worker_is_named_with_what_may_be_meant() -> None:
    meant = "ATELIER_LLM_DEVCE: is no setting; did you mean ATELIER_LLM_DEVICE"
    with pytest.raises(SettingsError, match=meant):
        load_worker("llm", WorkerSettings, env={"ATELIER_LLM_DEVCE": "1"})
