"""Chat in a terminal: one question, or a conversation that goes on until it is left."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import grpc
from rich.console import Console

from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from services.cli.client.explanation import explain
from services.cli.complaint import ComplaintError

HELP = """\
/system TEXT  set what the model is told to be; without a text, remove it
/clear        forget the conversation
/help         show this
/quit         leave (Ctrl-D does it too)
Ctrl-C stops an answer; what was said so far stays in the conversation."""


@dataclass(frozen=True)
class ChatOptions:
    """How answers are made; None leaves a choice to the model."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    max_tokens: int | None = None


@dataclass
class Conversation:
    """What was said, as the next request needs it."""

    options: ChatOptions
    system: str = ""
    messages: list[llm_pb2.ChatMessage] = field(default_factory=list)

    def add(self, role: str, content: str) -> None:
        """Appends what someone said."""
        self.messages.append(llm_pb2.ChatMessage(role=role, content=content))

    def request(self) -> llm_pb2.ChatRequest:
        """All of it, as a request."""
        system = [llm_pb2.ChatMessage(role="system", content=self.system)] if self.system else []
        return llm_pb2.ChatRequest(
            messages=[*system, *self.messages],
            temperature=self.options.temperature,
            top_p=self.options.top_p,
            top_k=self.options.top_k,
            seed=self.options.seed,
            max_tokens=self.options.max_tokens,
        )


class Chat:
    """A conversation with the model behind `channel`; answers go to standard output."""

    def __init__(
        self, channel: grpc.Channel, address: str, conversation: Conversation, notes: Console
    ) -> None:
        self._stub = llm_pb2_grpc.LlmServiceStub(channel)
        self._address = address
        self._conversation = conversation
        self._notes = notes

    def ask(self, question: str) -> None:
        """Asks and prints the answer while it is written.

        Ctrl-C stops the answer and raises KeyboardInterrupt; the part that came stays in the
        conversation. Raises ComplaintError, and forgets the question, if the call fails.
        """
        self._conversation.add("user", question)
        call = self._stub.StreamChat(self._conversation.request())
        pieces: list[str] = []
        try:
            self._print(call, pieces)
        except grpc.RpcError as error:
            self._conversation.messages.pop()
            raise explain(error, self._address) from None
        except KeyboardInterrupt:
            call.cancel()
            self._conversation.add("assistant", "".join(pieces))
            raise
        finally:
            if pieces and not pieces[-1].endswith("\n"):
                print(flush=True)
        self._conversation.add("assistant", "".join(pieces))

    def converse(self, read_line: Callable[[], str]) -> None:
        """Reads questions and commands until /quit or the end of input."""
        self._notes.print("Ask anything. /help lists the commands, Ctrl-D leaves.", style="dim")
        while True:
            try:
                line = read_line().strip()
            except EOFError:
                return
            except KeyboardInterrupt:
                self._notes.print("\n(Ctrl-D or /quit leaves)", style="dim")
                continue
            if line in ("/quit", "/exit"):
                return
            if line.startswith("/"):
                self._obey(line)
            elif line:
                self._answer(line)

    def _answer(self, line: str) -> None:
        try:
            self.ask(line)
        except KeyboardInterrupt:
            self._notes.print("(stopped)", style="dim")
        except ComplaintError as complaint:
            self._notes.print(str(complaint), style="red", highlight=False)

    def _obey(self, line: str) -> None:
        command, _, text = line.partition(" ")
        match command:
            case "/system":
                self._conversation.system = text.strip()
                self._notes.print("(set)" if text.strip() else "(removed)", style="dim")
            case "/clear":
                self._conversation.messages.clear()
                self._notes.print("(forgotten)", style="dim")
            case "/help":
                self._notes.print(HELP, style="dim", highlight=False)
            case _:
                self._notes.print(f"there is no {command}; /help lists the commands", style="red")

    def _print(self, call: Iterable[llm_pb2.StreamChatResponse], pieces: list[str]) -> None:
        for response in call:
            match response.WhichOneof("event"):
                case "queued":
                    self._note(f"waiting; {response.queued.position} before this one")
                case "loading":
                    self._note(f"loading {response.loading.model}; the first answer takes longer")
                case "text":
                    pieces.append(response.text)
                    print(_printable(response.text), end="", flush=True)
                case "finished" if response.finished.finish_reason == "length":
                    self._note("\n(the answer was cut at its longest length)")
                case _:
                    pass

    def _note(self, text: str) -> None:
        if sys.stderr.isatty():
            self._notes.print(text, style="dim", highlight=False)


def _printable(text: str) -> str:
    """The text without control characters, which could command the terminal."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")
