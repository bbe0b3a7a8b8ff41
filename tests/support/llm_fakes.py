"""A language model without a model: it writes the characters of a fixed answer, as it is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from atelier.common.v1 import progress_pb2
from services.common.errors import ModelLoadFailed
from services.llm.sampling import Sampling, SamplingDefaults

END = 0


class ParrotEngine:
    """A token is a character; the answer is `answer`, or as many characters as are allowed."""

    def __init__(self, answer: str = "Hello there.") -> None:
        self.answer = answer
        self.loaded = True
        self.context_length = 64
        self.defaults = SamplingDefaults(temperature=0.5, top_p=0.75, top_k=40)
        self.reproducible = True
        self.end_tokens = (END,)
        self.load_failures = 0
        """How often loading fails before it succeeds."""
        self.hold: asyncio.Event | None = None
        """If set, every call waits for it after its first token."""
        self.error: Exception | None = None
        """If set, every call fails with it after its first token."""
        self.samplings: list[Sampling] = []
        self.running = 0
        self.most_running = 0
        self.broken_off = 0
        """Calls that were closed before their end."""

    def status(self) -> progress_pb2.ModelStatus:
        return progress_pb2.ModelStatus(
            name="parrot", state="loaded" if self.loaded else "unloaded", device="cpu"
        )

    def load(self) -> None:
        if self.load_failures:
            self.load_failures -= 1
            raise ModelLoadFailed("parrot cannot be loaded: it has flown")
        self.loaded = True

    def encode(self, messages: Sequence[dict[str, str]]) -> list[int]:
        return [ord(letter) for message in messages for letter in message["content"]]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    async def generate(
        self, tokens: list[int], sampling: Sampling, max_tokens: int
    ) -> AsyncIterator[list[int]]:
        self.samplings.append(sampling)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        ended = False
        try:
            for number, token in enumerate([*map(ord, self.answer), END][:max_tokens]):
                if number == 1 and self.hold is not None:
                    await self.hold.wait()
                if number == 1 and self.error is not None:
                    raise self.error
                await asyncio.sleep(0)
                yield [token]
            ended = True
        finally:
            self.running -= 1
            self.broken_off += not ended
