"""A real Prometheus watches a real stack at work: every query finds something, and alerts come and
go with real losses and real failures.
"""

import json
import re
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from services.common.models import resolve_model
from services.common.settings import ROOT
from tests.support import dashboards, prometheus_rules, promql
from tests.support.real_stack import RealStack, real_stack
from tests.support.watched_stack import Prometheus, until, watching

pytestmark = pytest.mark.starter
CAPABILITIES = ("llm", "tts", "image", "videogen")
WEIGHTS = "model.safetensors"
GUIDE = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
ERROR_OF_TTS = ("AtelierCapabilityError", "tts")
LLM_UNAVAILABLE = ("AtelierCapabilityUnavailable", "llm")
LLM_ABSENT = ("AtelierTargetAbsent", "llm")


@dataclass
class Voice:
    """The starter voice in a folder of its own, without its weights until it is mended."""

    folder: Path
    whole: Path

    @classmethod
    def broken(cls, folder: Path) -> "Voice":
        whole = Path(resolve_model("joe-us-medium").location)
        folder.mkdir()
        for file in whole.iterdir():
            if file.name != WEIGHTS:
                (folder / file.name).symlink_to(file)
        return cls(folder, whole)

    def mend(self) -> None:
        (self.folder / WEIGHTS).symlink_to(self.whole / WEIGHTS)


@dataclass
class Watched:
    """A stack and its Prometheus, and which alerts fired when."""

    stack: RealStack
    prometheus: Prometheus
    before_anybody_asked: set[tuple[str, str]]
    after_mistakes: set[tuple[str, str]]
    told_of_the_failure: set[tuple[str, str]]


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Voice:
    return Voice.broken(tmp_path_factory.mktemp("voice") / "joe")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, voice: Voice) -> Iterator[RealStack]:
    """A stack of its own: its voice is broken."""
    folder = tmp_path_factory.mktemp("watched")
    with real_stack(folder, ATELIER_TTS_MODEL=str(voice.folder)) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, stack: RealStack) -> Iterator[Prometheus]:
    with watching(stack, tmp_path_factory.mktemp("prometheus") / "impatient") as running:
        yield running


@pytest.fixture(scope="module")
def watched(stack: RealStack, voice: Voice, prometheus: Prometheus) -> Watched:
    """After real work of all kinds: mistakes, successes, a failure and its end."""
    evaluated = "count(capability:atelier_capability_state:code == 0) == 4"
    until(lambda: prometheus.value(evaluated), "rules that tell of four unknown capabilities")
    before = prometheus.firing()

    pool = ThreadPoolExecutor(1)  # pictures take longest, and do not disturb the rest
    drawing = pool.submit(pictures, stack)
    mistakes(stack)
    neutral = 'atelier_capability_verdicts_total{capability="llm",verdict="neutral"} >= 4'
    until(lambda: prometheus.value(neutral), "the mistakes in Prometheus")
    after_mistakes = prometheus.firing()

    for text in ("Say hello.", "What is rain?"):
        assert post(stack, "/v1/llm/chat:stream", chat(text, max_tokens=24))
    assert post(stack, "/v1/tts/speech", {"text": "Nobody hears this."}) is None
    until(lambda: ERROR_OF_TTS in prometheus.firing(), "an alert for the broken voice")
    until(lambda: ERROR_OF_TTS in prometheus.told(), "Alertmanager to be told of it")
    told = prometheus.told()
    voice.mend()
    # Prometheus sees growth only between two looks: one speech before a look, and one after.
    assert post(stack, "/v1/tts/speech:stream", {"text": "Now I can speak. Do you hear me?"})
    until(lambda: prometheus.value("atelier_tts_real_time_factor_count >= 1"), "the first speech")
    assert post(stack, "/v1/tts/speech:stream", {"text": "And now once more."})
    until(lambda: ERROR_OF_TTS not in prometheus.firing(), "the end of the alert")
    drawing.result()
    p95 = "count(capability:atelier_task_seconds:p95_1h > 0) == 4"
    until(lambda: prometheus.value(p95), "rules that tell of four capabilities at work")
    return Watched(stack, prometheus, before, after_mistakes, told)


def post(stack: RealStack, path: str, body: dict[str, object], **headers: str) -> bytes | None:
    """The answer; None for a failure of the server."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            return None
        raise AssertionError(error.read().decode()) from None


def chat(text: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}], **more}


def mistakes(stack: RealStack) -> None:
    """What callers do wrong: three wrong fields, and one who leaves in the middle of an answer."""
    for _ in range(3):
        with pytest.raises(AssertionError, match="INVALID_ARGUMENT"):
            post(stack, "/v1/llm/chat", chat("Hi", temperature=9))
    body = json.dumps(chat("Tell me a very long story.", max_tokens=1500)).encode()
    head = (
        "POST /v1/llm/chat:stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", stack.port("GATEWAY_HTTP_PORT"))) as connection:
        connection.sendall(head.encode() + body)
        with connection.makefile("rb") as lines:
            while b"event: text" not in lines.readline():
                pass


def pictures(stack: RealStack) -> None:
    """A picture, a clip, and a picture as a job."""
    picture = post(
        stack, "/v1/image/generate", {"prompt": "a rocket", "seed": 7, "preview_every_steps": 1}
    )
    assert picture is not None
    (data,) = re.findall(r'"image": {"data": "([^"]*)"', picture.decode())
    film: dict[str, object] = {"image": data, "prompt": "move left", "seed": 7}
    assert post(stack, "/v1/videogen/generate", film)
    answer = post(stack, "/v1/image/generate", {"prompt": "a red apple"}, Prefer="respond-async")
    assert answer is not None
    job = json.loads(answer)["metadata"]["id"]
    until(lambda: json.loads(stack.get(f"/v1/jobs/{job}"))["state"] == "succeeded", "the job's end")


# --- Alerts --------------------------------------------------------------------------------------


def test_nothing_fires_before_anybody_has_asked(watched: Watched) -> None:
    assert watched.before_anybody_asked == set()


def test_callers_mistakes_fire_nothing(watched: Watched) -> None:
    assert watched.after_mistakes == set()


def test_a_real_failure_fires_for_its_capability_alone(watched: Watched) -> None:
    assert watched.told_of_the_failure == {ERROR_OF_TTS}


# --- Queries -------------------------------------------------------------------------------------


def expressions() -> list[str]:
    """All queries of all dashboards and rules."""
    asked = [query.filled_in() for query in dashboards.all_queries()]
    return asked + [rule["expr"] for rule in prometheus_rules.rules()]


@pytest.mark.parametrize("file", dashboards.FILES, ids=lambda file: file.stem)
def test_every_query_of_a_dashboard_finds_something(watched: Watched, file: Path) -> None:
    empty = []
    for query in dashboards.queries(file):
        text = query.filled_in()
        assert "$" not in text
        found = watched.prometheus.since_the_beginning(text)
        shown = {label for series in found if series.tells for label in series.labels}
        if not any(series.tells for series in found):
            empty.append(f"{query.panel}: {text}")
        elif missing := promql.legend_labels(query.legend) - shown:
            empty.append(f"{query.panel}: no {missing} for the legend")
    assert empty == []


def test_every_recording_rule_finds_something(watched: Watched) -> None:
    tells = watched.prometheus.tells
    for rule in prometheus_rules.recordings():
        assert tells(rule["expr"]), rule["expr"]
        assert tells(rule["record"]), rule["record"]


def test_whatever_an_alert_compares_is_there(watched: Watched) -> None:
    for rule in prometheus_rules.alerts().values():
        vectors = promql.unjudged(rule["expr"])
        assert vectors
        for vector in vectors:
            assert watched.prometheus.tells(vector), vector


def test_each_selector_matches_series(watched: Watched) -> None:
    for selector in sorted({item for text in expressions() for item in promql.selectors(text)}):
        assert watched.prometheus.since_the_beginning(selector), selector


def test_some_capabilities_can_be_chosen(watched: Watched) -> None:
    """Grafana puts several into a regular expression, which some queries hold inside of another."""
    for query in dashboards.all_queries():
        if "$capability" in query.expression and "gpu" not in query.expression:
            found = watched.prometheus.since_the_beginning(query.filled_in("(llm|tts|image)"))
            assert any(series.tells for series in found), query
            for series in found:
                assert series.labels.get("capability") != "videogen", query


def test_the_choice_of_capabilities_is_the_maps(watched: Watched) -> None:
    found = watched.prometheus.get(
        "label/capability/values", **{"match[]": "atelier_capability_state"}
    )
    assert set(found) == set(CAPABILITIES)


# --- Names ---------------------------------------------------------------------------------------


def served(watched: Watched) -> set[str]:
    """The names of all series of ours that any process serves, and of those that rules make."""
    names: set[str] = set(watched.prometheus.get("label/__name__/values"))
    return names


def families(watched: Watched) -> set[str]:
    """The families that the processes declare."""
    pages = [
        watched.stack.metrics(f"{name}_METRICS_PORT")
        for name in ("GATEWAY", *(capability.upper() for capability in CAPABILITIES))
    ]
    return set(re.findall(r"^# TYPE (\w+)", "".join(pages), re.MULTILINE))


def test_every_metric_in_a_query_is_served(watched: Watched) -> None:
    named = {name for text in expressions() for name in promql.metric_names(text)}
    assert named - served(watched) == set()


def test_every_metric_that_a_text_names_is_served(watched: Watched) -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / "deploy").rglob("*.md")]
    texts += [file for file in (ROOT / "deploy" / "helm").rglob("*") if file.is_file()]
    known = served(watched) | families(watched)
    for file in texts:
        for name in re.findall(r"\b(?:atelier|grpc_server)_[a-z_]*[a-z]\b", file.read_text()):
            assert name in known, f"{file}: {name}"


def test_every_metric_of_ours_is_documented(watched: Watched) -> None:
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "metrics.md").read_text()))
    ours = {name for name in families(watched) if name.startswith(("atelier_", "grpc_server_"))}
    assert ours | {"atelier_gpu_memory_bytes", "atelier_gpu_utilization_ratio"} <= documented


# --- The guide of deploy/README.md, step by step -------------------------------------------------


def step(watched: Watched, containing: str) -> str:
    """Runs the guide's only example that contains this; returns what it printed."""
    section = GUIDE.split("\n## Watch it\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    command = watched.stack.here(found).replace(".venv/bin/", "")
    command = command.replace(".run/", f"{watched.stack.env['ATELIER_RUN_DIR']}/")
    command = command.replace(":9093", f":{watched.prometheus.alertmanager_port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env=watched.stack.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def supervisor(watched: Watched) -> Iterator[psutil.Process]:
    """Supervisord, which goes on whatever becomes of the test."""
    pid = Path(watched.stack.env["ATELIER_RUN_DIR"], "supervisord.pid").read_text()
    process = psutil.Process(int(pid))
    yield process
    process.resume()


def test_a_killed_worker_fires_and_its_return_ends_it(
    watched: Watched, supervisor: psutil.Process
) -> None:
    prometheus = watched.prometheus
    step(watched, "capital of France")
    step(watched, "kill -9")
    assert supervisor.status() == psutil.STATUS_STOPPED
    expected = {LLM_UNAVAILABLE, LLM_ABSENT}
    until(lambda: prometheus.firing() == expected, "two alerts of the lost worker")
    until(lambda: LLM_UNAVAILABLE in prometheus.told(), "Alertmanager to be told")
    assert prometheus.told() == {LLM_UNAVAILABLE}  # it holds back what follows from that
    assert "AtelierCapabilityUnavailable" in step(watched, "amtool")

    step(watched, "kill -CONT")
    until(lambda: prometheus.firing() == set(), "the end of the alerts")
    step(watched, "Say hello.")
    until(
        lambda: prometheus.value('capability:atelier_capability_state:code{capability="llm"}') == 1,
        "an available language model",
    )
    until(lambda: prometheus.told() == set(), "Alertmanager to be told of the end")
