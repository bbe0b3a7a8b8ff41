"""The README's examples, run as they are written; only the ports are this stack's."""

import json
import re
import subprocess
import wave
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from services.common.settings import ROOT
from tests.support.real_stack import RealStack

pytestmark = pytest.mark.starter
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

CODE = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def block(beginning: str, containing: str = "") -> str:
    """The README's only example that begins and contains so."""
    found = [text for text in BLOCKS if text.startswith(beginning) and containing in text]
    assert len(found) == 1, f"{len(found)} examples begin with {beginning!r}"
    return found[0]


def run(stack: RealStack, text: str, folder: Path) -> str:
    """Runs an example in a shell, in an empty folder; returns what it printed."""
    command = stack.here(text).replace(".venv/bin/", "")
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=stack.env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def json_objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects that stand one after another in a text."""
    decoder, objects, place = json.JSONDecoder(), [], 0
    text = text.strip()
    while place < len(text):
        item, end = decoder.raw_decode(text, place)
        objects.append(item)
        place = end + len(text[end:]) - len(text[end:].lstrip())
    return objects


def test_the_first_block_names_the_two_commands() -> None:
    assert "make run" in BLOCKS[0]
    assert "make test" in BLOCKS[0]


def test_grpcurl_lists_the_services(stack: RealStack, tmp_path: Path) -> None:
    listed = run(stack, block(".venv/bin/grpcurl -plaintext 127.0.0.1:50050 list"), tmp_path)
    for name in ("llm.v1.Llm", "tts.v1.Tts", "image.v1.Image", "videogen.v1.Videogen"):
        assert f"atelier.{name}Service" in listed


def test_grpcurl_streams_a_chat(stack: RealStack, tmp_path: Path) -> None:
    events = json_objects(run(stack, block(".venv/bin/grpcurl", "StreamChat"), tmp_path))
    text = "".join(str(event["text"]) for event in events if "text" in event)
    # What it says is drawn by chance, so a small model may well be wrong.
    assert text.strip()
    assert len([event for event in events if "text" in event]) > 1
    assert "finished" in events[-1]


def test_grpcurl_writes_a_wav(stack: RealStack, tmp_path: Path) -> None:
    run(stack, block(".venv/bin/grpcurl", "Synthesize"), tmp_path)
    with wave.open(str(tmp_path / "good-morning.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 1


def test_grpcurl_reads_the_map_and_the_standard_health(stack: RealStack, tmp_path: Path) -> None:
    listing, check = json_objects(
        run(stack, block(".venv/bin/grpcurl", "ListCapabilities"), tmp_path)
    )
    states = {item["name"]: item["state"] for item in listing["capabilities"]}
    assert states["llm"] == states["tts"] == "available"
    assert check == {"status": "SERVING"}


def test_curl_shows_the_status(stack: RealStack, tmp_path: Path) -> None:
    answer = json.loads(run(stack, block("curl", "capabilities/status"), tmp_path))
    assert [item["name"] for item in answer["capabilities"]] == ["llm", "tts", "image", "videogen"]


def test_curl_chats(stack: RealStack, tmp_path: Path) -> None:
    answer = json.loads(run(stack, block("curl", "Say hello"), tmp_path))
    assert answer["message"]["role"] == "assistant"
    assert answer["message"]["content"].strip()
    assert 0 < answer["usage"]["completion_tokens"] <= 64


def test_curl_streams_events(stack: RealStack, tmp_path: Path) -> None:
    stream = run(stack, block("curl -sN", "chat:stream"), tmp_path)
    assert stream.count("event: text\n") > 1
    assert "event: finished\n" in stream
    assert "event: done\n" in stream


def test_curl_fetches_speech(stack: RealStack, tmp_path: Path) -> None:
    run(stack, block("curl", "ticket.mp3"), tmp_path)
    assert (tmp_path / "ticket.mp3").stat().st_size > 5000


def test_grpcurl_draws_and_describes(stack: RealStack, tmp_path: Path) -> None:
    events = json_objects(run(stack, block(".venv/bin/grpcurl", "a smiling face"), tmp_path))
    steps = [event["progress"]["step"] for event in events if "progress" in event]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) > 2
    assert any("image" in event for event in events)
    assert events[-1]["model"]["name"] == "emoji-motion"


def test_curl_draws(stack: RealStack, tmp_path: Path) -> None:
    run(stack, block("curl", "apple.png"), tmp_path)
    with Image.open(tmp_path / "apple.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (64, 64))


def test_curl_sets_a_picture_in_motion(stack: RealStack, tmp_path: Path) -> None:
    run(stack, block("curl", "rocket.mp4"), tmp_path)
    with av.open(str(tmp_path / "rocket.mp4")) as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
        assert len(list(clip.decode(video=0))) == 8


def test_the_python_client_draws_and_films(stack: RealStack, tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(stack.here(CODE[0]))
    printed = run(stack, "python client.py", tmp_path)
    assert "step 1 of" in printed
    assert (tmp_path / "flight.mp4").stat().st_size > 1000


def test_a_wrong_field_is_named(stack: RealStack, tmp_path: Path) -> None:
    answer = json.loads(run(stack, block("curl", '"temperature": 9'), tmp_path))
    assert answer["error"]["status"] == "INVALID_ARGUMENT"
    assert "temperature" in answer["error"]["message"]


def test_the_terminal_client_chats_speaks_and_tells_the_state(
    stack: RealStack, tmp_path: Path
) -> None:
    printed = run(stack, block(".venv/bin/atelier chat"), tmp_path)
    assert "llm" in printed
    with wave.open(str(tmp_path / "hello.wav")) as sound:
        assert sound.getnframes() > 5000
