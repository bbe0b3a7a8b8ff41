"""Speech from a terminal: reads a text aloud into a file, as it is made."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import grpc
from rich.console import Console

from atelier.tts.v1 import tts_pb2, tts_pb2_grpc
from services.cli.client.explanation import explain
from services.cli.client.wav import complete_header
from services.cli.complaint import ComplaintError

# Each plays a file and ends; the first that is there is used.
PLAYERS = (
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("mpv", "--no-video", "--really-quiet"),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("play", "-q"),
)


@dataclass(frozen=True)
class SpeakOptions:
    """How to read; None leaves a choice to the voice."""

    voice: str = ""
    sound_format: str = "wav"
    speed: float | None = None
    seed: int | None = None


def speak(
    channel: grpc.Channel, address: str, text: str, options: SpeakOptions, notes: Console
) -> "Speech":
    """Starts to read `text`; the sound comes when the speech is iterated."""
    request = tts_pb2.SynthesizeRequest(
        text=text,
        voice=options.voice,
        format=options.sound_format,
        speed=options.speed,
        seed=options.seed,
    )
    call = tts_pb2_grpc.TtsServiceStub(channel).StreamSynthesize(request)
    return Speech(call, address, notes)


class Speech:
    """A reading that goes on. Iterate once: it yields the bytes of one sound file."""

    def __init__(
        self, call: Iterable[tts_pb2.StreamSynthesizeResponse], address: str, notes: Console
    ) -> None:
        self._call = call
        self._address = address
        self._notes = notes
        self.finished: tts_pb2.SpeechFinished | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Raises ComplaintError if the call fails."""
        try:
            for response in self._call:
                if response.WhichOneof("event") == "audio":
                    yield response.audio.data
                else:
                    self._tell(response)
        except grpc.RpcError as error:
            raise explain(error, self._address) from None

    def _tell(self, response: tts_pb2.StreamSynthesizeResponse) -> None:
        match response.WhichOneof("event"):
            case "queued":
                self._note(f"waiting; {response.queued.position} before this one")
            case "loading":
                self._note(f"loading {response.loading.model}; the first sound takes longer")
            case "started":
                for warning in response.started.warnings:
                    self._notes.print(f"atelier: {warning}", style="yellow", highlight=False)
            case "sentence":
                sentence = response.sentence
                self._note(f"{sentence.start_seconds:6.1f} s  {' '.join(sentence.text.split())}")
            case "finished":
                self.finished = response.finished
            case _:
                pass

    def _note(self, text: str) -> None:
        if sys.stderr.isatty():
            self._notes.print(text, style="dim", highlight=False, markup=False)


def save(speech: Speech, destination: Path) -> None:
    """Writes the file as it comes; it has its name only when it is whole.

    Raises ComplaintError if it cannot be written.
    """
    with _file_to_be(destination) as file:
        for data in speech:
            file.write(data)
        complete_header(file)


def write_out(speech: Speech) -> None:
    """Writes the file to standard output, for a pipe."""
    for data in speech:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def player_command() -> tuple[str, ...]:
    """The command that plays a file. Raises ComplaintError if this machine has none."""
    for command in PLAYERS:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in PLAYERS)
    raise ComplaintError(f"--play needs a program that plays sound: one of {names}")


def play(command: tuple[str, ...], file: Path) -> None:
    """Plays a file to its end. Raises ComplaintError if the player fails."""
    if subprocess.run([*command, file], check=False).returncode:
        raise ComplaintError(f"{command[0]} could not play {file}; the file is there all the same")


@contextmanager
def _file_to_be(destination: Path) -> Iterator[BinaryIO]:
    part = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            yield file
        part.replace(destination)
    except OSError as error:
        raise ComplaintError(f"cannot write {destination}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
