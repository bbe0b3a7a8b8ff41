import io
import sys
import wave
from pathlib import Path

import pytest

from tests.cli.conftest import Atelier
from tests.support.talking import TalkingGateway


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_writes_a_wav_file_whose_header_is_right(atelier: Atelier, folder: Path) -> None:
    ran = await atelier("speak", "Good morning.")
    assert (ran.status, ran.out) == (0, "speech.wav: 1.5 s of speech\n")
    with wave.open(str(folder / "speech.wav")) as file:
        assert file.getnframes() == len("Good morning.")
    assert [path.name for path in folder.iterdir()] == ["speech.wav"]


async def test_the_files_ending_names_the_format(atelier: Atelier, gateway: TalkingGateway) -> None:
    await atelier("speak", "hi", "-o", "a.ogg")
    await atelier("speak", "hi", "-o", "a.mp3")
    await atelier("speak", "hi", "-o", "a.mp3", "--format", "flac")
    assert [request.format for request in gateway.tts.requests] == ["opus", "mp3", "flac"]


async def test_reads_the_text_from_a_pipe(
    atelier: Atelier, gateway: TalkingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a long\ntext\n"))
    assert (await atelier("speak", "--speed", "1.5")).status == 0
    request = gateway.tts.requests[0]
    assert (request.text, request.speed) == ("a long\ntext", 1.5)


async def test_a_text_that_is_empty_is_refused_here(
    atelier: Atelier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" \n"))
    ran = await atelier("speak")
    assert (ran.status, ran.err) == (
        1,
        "atelier: there is no text to read; give one, or pipe one in\n",
    )


async def test_a_call_that_fails_leaves_no_file(atelier: Atelier, folder: Path) -> None:
    ran = await atelier("speak", "fall silent")
    assert ran.status == 1
    assert "no breath left (INTERNAL, BROKEN)" in ran.err
    assert list(folder.iterdir()) == []


async def test_a_call_that_fails_keeps_the_older_file(atelier: Atelier, folder: Path) -> None:
    (folder / "speech.wav").write_bytes(b"older")
    await atelier("speak", "--voice", "nobody", "hi")
    assert (folder / "speech.wav").read_bytes() == b"older"


async def test_says_where_it_cannot_write(atelier: Atelier) -> None:
    ran = await atelier("speak", "hi", "-o", "missing/a.wav")
    assert (ran.status, ran.err) == (
        1,
        "atelier: cannot write missing/a.wav: No such file or directory\n",
    )


async def test_lists_the_voices(atelier: Atelier) -> None:
    assert (await atelier("speak", "--list-voices")).out == "joe  en-US  Joe\n"


async def test_plays_with_the_first_player_that_is_there(
    atelier: Atelier, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = folder / "bin" / "aplay"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\nwc -c < "$2" > {folder}/played\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{player.parent}:/usr/bin:/bin")
    ran = await atelier("speak", "hello", "--play")
    assert ran.status == 0
    assert int((folder / "played").read_text()) == 44 + 2 * len("hello")
    assert not (folder / "speech.wav").exists()


async def test_without_a_player_it_says_so_before_it_speaks(
    atelier: Atelier, gateway: TalkingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    ran = await atelier("speak", "hello", "--play")
    assert ran.status == 1
    assert ran.err.startswith("atelier: --play needs a program that plays sound: one of ffplay")
    assert gateway.tts.requests == []
