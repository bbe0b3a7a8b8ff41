"""The commands of a person who uses a gateway, on this machine or another."""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import grpc
from rich.console import Console

from atelier.tts.v1 import tts_pb2, tts_pb2_grpc
from services.cli.client.address import gateway_channel, named_gateway
from services.cli.client.chat import Chat, ChatOptions, Conversation
from services.cli.client.explanation import explain
from services.cli.client.speak import (
    SpeakOptions,
    player_command,
    save,
    speak,
    write_out,
)
from services.cli.client.speak import play as play_file
from services.cli.client.watch import watch
from services.cli.complaint import ComplaintError

FORMATS = ("wav", "pcm", "flac", "mp3", "opus")
VOICES_SECONDS = 10.0


def chat_command(arguments: Namespace) -> int:
    """Answers one message, or goes on until it is left."""
    conversation = Conversation(
        ChatOptions(
            temperature=arguments.temperature,
            top_p=arguments.top_p,
            top_k=arguments.top_k,
            seed=arguments.seed,
            max_tokens=arguments.max_tokens,
        ),
        system=arguments.system,
    )
    gateway = named_gateway(arguments)
    message = _text(arguments.message, read_if_empty=not sys.stdin.isatty())
    with gateway_channel(gateway) as channel:
        chat = Chat(channel, gateway.address, conversation, _notes())
        if message:
            chat.ask(message)
        else:
            _enable_line_editing()
            chat.converse(lambda: input("> "))
    return 0


def speak_command(arguments: Namespace) -> int:
    """Reads a text aloud into a file, and plays it if asked to."""
    gateway = named_gateway(arguments)
    with gateway_channel(gateway) as channel:
        if arguments.list_voices:
            _print_voices(channel, gateway.address)
            return 0
        player = player_command() if arguments.play else ()
        options = SpeakOptions(
            voice=arguments.voice,
            sound_format=_format(arguments.format, arguments.output),
            speed=arguments.speed,
            seed=arguments.seed,
        )
        text = _text(arguments.text, read_if_empty=True)
        if not text:
            raise ComplaintError("there is no text to read; give one, or pipe one in")
        speech = speak(channel, gateway.address, text, options, _notes())
        if arguments.output == "-":
            write_out(speech)
        elif player and not arguments.output:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, f"speech.{options.sound_format}")
                save(speech, file)
                play_file(player, file)
        else:
            file = Path(arguments.output or f"speech.{options.sound_format}")
            save(speech, file)
            seconds = speech.finished.audio_seconds if speech.finished else 0.0
            print(f"{file}: {seconds:.1f} s of speech")
            if player:
                play_file(player, file)
    return 0


def watch_command(arguments: Namespace) -> int:
    """Shows the live health table."""
    gateway = named_gateway(arguments)
    with gateway_channel(gateway) as channel:
        watch(channel, gateway.address, Console())
    return 0


COMMANDS = {"chat": chat_command, "speak": speak_command, "watch": watch_command}


def _notes() -> Console:
    return Console(stderr=True)


def _text(words: list[str], *, read_if_empty: bool) -> str:
    """The words of the command line, or standard input."""
    if words == ["-"] or (not words and read_if_empty):
        return sys.stdin.read().strip()
    return " ".join(words).strip()


def _format(named: str | None, output: str | None) -> str:
    """The format that was named, else the one that the file's ending says, else WAV."""
    ending = Path(output).suffix.lstrip(".").lower() if output and output != "-" else ""
    if named:
        return named
    return ending if ending in FORMATS else {"ogg": "opus"}.get(ending, "wav")


def _print_voices(channel: grpc.Channel, address: str) -> None:
    try:
        answer = tts_pb2_grpc.TtsServiceStub(channel).ListVoices(
            tts_pb2.ListVoicesRequest(), timeout=VOICES_SECONDS
        )
    except grpc.RpcError as error:
        raise explain(error, address) from None
    for voice in answer.voices:
        print(f"{voice.id}  {voice.language}  {voice.display_name}")


def _enable_line_editing() -> None:
    """Gives input() history and cursor keys, where Python was built with readline."""
    try:
        import readline  # noqa: F401, PLC0415  # importing it is what enables it
    except ImportError:
        pass
