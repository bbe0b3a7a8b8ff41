import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Atelier
from tests.support.talking import TalkingGateway

ROOT = Path(__file__).resolve().parents[2]


async def test_prints_the_answer_to_one_question(atelier: Atelier) -> None:
    ran = await atelier("chat", "hello", "there")
    assert (ran.status, ran.out) == (0, "You said: hello there\n")


async def test_sends_only_the_options_that_were_given(
    atelier: Atelier, gateway: TalkingGateway
) -> None:
    await atelier("chat", "--system", "be brief", "--seed", "7", "--max-tokens", "5", "hi")
    request = gateway.llm.requests[0]
    assert [(item.role, item.content) for item in request.messages] == [
        ("system", "be brief"),
        ("user", "hi"),
    ]
    assert (request.seed, request.max_tokens) == (7, 5)
    assert not request.HasField("temperature")


async def test_reads_the_question_from_a_pipe(
    atelier: Atelier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("from a pipe\n"))
    assert (await atelier("chat")).out == "You said: from a pipe\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--temperature", "9", "hi"),
            "atelier: llm cannot do that: temperature: must be from 0 to 2 "
            "(INVALID_ARGUMENT, INVALID_FIELD)",
        ),
        (
            ("be full",),
            "atelier: llm has no room: too many tasks are waiting; try again in 2 s "
            "(RESOURCE_EXHAUSTED, QUEUE_FULL)",
        ),
        (("break",), "atelier: llm failed: the weights fell out (INTERNAL, BROKEN)"),
    ],
)
async def test_a_failed_call_is_one_sentence(
    atelier: Atelier, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = await atelier("chat", *arguments)
    assert (ran.status, ran.out, ran.err) == (1, "", f"{sentence}\n")


async def test_without_a_gateway_it_says_how_to_start_one(atelier: Atelier) -> None:
    ran = await atelier("chat", "--address", "127.0.0.1:1", "hi")
    assert ran.status == 1
    assert ran.err.startswith("atelier: no gateway answers at 127.0.0.1:1; start it with")
    assert ran.err.count("\n") == 1


async def test_a_conversation_remembers_and_obeys(
    atelier: Atelier, gateway: TalkingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["/system be kind", "one", "two", "break", "/clear", "/nonsense", "three", "/quit"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(said))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    ran = await atelier("chat")
    assert ran.status == 0
    assert ran.out == "You said: one\nYou said: two\nYou said: three\n"
    assert "the weights fell out" in ran.err
    assert "there is no /nonsense" in ran.err
    told = [[item.content for item in request.messages] for request in gateway.llm.requests]
    assert told[1] == ["be kind", "one", "You said: one", "two"]
    assert told[3] == ["be kind", "three"]


async def test_ctrl_c_stops_the_answer_and_keeps_the_conversation(
    gateway: TalkingGateway,
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CONVERSE, gateway.address),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"go on for ever\n")
    await process.stdout.readuntil(b"on and on and ")
    process.send_signal(signal.SIGINT)
    await gateway.llm.cancelled.wait()
    out, err = await process.communicate(b"still there?\n/quit\n")
    assert out.endswith(b"You said: still there?\n")
    assert b"(stopped)" in err
    assert process.returncode == 0
    conversation = [item.content for item in gateway.llm.requests[1].messages]
    assert conversation[0] == "go on for ever"
    assert conversation[1].startswith("on and on and ")
    assert conversation[2] == "still there?"


# A conversation over a pipe, which the command itself would read as one question.
CONVERSE = """
import sys
from rich.console import Console
from services.cli.client.address import Gateway, gateway_channel
from services.cli.client.chat import Chat, ChatOptions, Conversation
with gateway_channel(Gateway(sys.argv[1])) as channel:
    talk = Conversation(ChatOptions())
    Chat(channel, sys.argv[1], talk, Console(stderr=True)).converse(lambda: input(""))
"""
