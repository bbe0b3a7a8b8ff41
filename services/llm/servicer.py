"""LlmService: messages to plain values and back. Knows the engine only by what it needs of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol

from atelier.common.v1 import progress_pb2
from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from services.common import tracing
from services.common.errors import (
    FieldViolation,
    InvalidArgument,
    TaskTimeLimitExceeded,
)
from services.common.worker_metrics import WorkerMetrics
from services.llm.admission import Admission, Place
from services.llm.metrics import LlmMetrics
from services.llm.order import ChatOrder, context_too_long, read_order
from services.llm.pacing import paced
from services.llm.sampling import Sampling, SamplingDefaults
from services.llm.settings import LlmSettings
from services.llm.text import Detokenizer, StopFinder


class Engine(Protocol):
    """What the servicer needs of a language model."""

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory; what follows needs that, but for load and status."""
        ...

    @property
    def context_length(self) -> int:
        """The most tokens of a conversation and its answer."""
        ...

    @property
    def defaults(self) -> SamplingDefaults:
        """The model's own defaults."""
        ...

    @property
    def reproducible(self) -> bool:
        """Whether a seed holds beside strangers in the batch."""
        ...

    @property
    def end_tokens(self) -> tuple[int, ...]:
        """The tokens with which the model ends an answer."""
        ...

    def status(self) -> progress_pb2.ModelStatus:
        """The model's name and state."""
        ...

    def load(self) -> None:
        """Loads the model if need be. Blocking."""
        ...

    def encode(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The conversation as tokens. Raises InvalidArgument."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        ...

    def generate(
        self, tokens: list[int], sampling: Sampling, max_tokens: int
    ) -> AsyncIterator[list[int]]:
        """Yields the answer's tokens; an async generator, whose closing ends the work."""
        ...


class _Answer:
    """An answer in the making, and what it took."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._loaded = time.monotonic()
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.finish_reason = "length"
        self._first: float | None = None
        self._last = began

    def count(self, tokens: int) -> None:
        self._last = time.monotonic()
        self._first = self._first or self._last
        self.completion_tokens += tokens

    @property
    def first_token_seconds(self) -> float:
        return (self._first or self._last) - self._began

    @property
    def tokens_per_second(self) -> float:
        if self._first is None or self.completion_tokens < 2 or self._last <= self._first:
            return 0.0
        return (self.completion_tokens - 1) / (self._last - self._first)

    @property
    def decode_seconds(self) -> float:
        return self._last - (self._first or self._last)

    def trace(self) -> None:
        """Records its two parts: up to the first token, and from there on."""
        first = self._first or self._last
        read = {"gen_ai.usage.input_tokens": self.prompt_tokens}
        written = {"gen_ai.usage.output_tokens": self.completion_tokens}
        tracing.active.record("prefill", self._loaded, first, read)
        tracing.active.record("decode", first, self._last, written)

    def usage(self) -> llm_pb2.ChatUsage:
        return llm_pb2.ChatUsage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            time_to_first_token_seconds=self.first_token_seconds,
            tokens_per_second=self.tokens_per_second,
        )


class LlmServicer(llm_pb2_grpc.LlmServiceServicer):
    """Serves chats; each call has a place in the batch, or waits for one."""

    def __init__(
        self,
        engine: Engine,
        worker_metrics: WorkerMetrics,
        metrics: LlmMetrics,
        settings: LlmSettings,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._worker_metrics = worker_metrics
        self._metrics = metrics
        self.admission = Admission(
            places=settings.max_concurrent_calls,
            queue_size=settings.queue_size,
            metrics=worker_metrics,
        )

    async def Chat(self, request: llm_pb2.ChatRequest, context: object) -> llm_pb2.ChatResponse:
        """Answers in one piece."""
        text: list[str] = []
        finished = llm_pb2.ChatFinished()
        async with aclosing(self.StreamChat(request, context)) as events:  # type: ignore[type-var]  # an async generator
            async for event in events:
                text.append(event.text)
                finished = event.finished
        return llm_pb2.ChatResponse(
            message=llm_pb2.ChatMessage(role="assistant", content="".join(text)),
            finish_reason=finished.finish_reason,
            usage=finished.usage,
            seed=finished.seed,
            model=finished.model,
        )

    async def StreamChat(
        self, request: llm_pb2.ChatRequest, context: object
    ) -> AsyncIterator[llm_pb2.StreamChatResponse]:
        """Answers piece by piece."""
        began = time.monotonic()
        order = read_order(request)
        place = self.admission.enter()
        try:
            async for queued in self.admission.wait(place):
                yield llm_pb2.StreamChatResponse(
                    queued=progress_pb2.QueuePlace(position=queued.position)
                )
            async with aclosing(self._admitted(order, began, place)) as events:  # type: ignore[type-var]  # an async generator
                async for event in events:
                    yield event
        finally:
            self.admission.leave(place)

    async def DescribeModel(
        self, request: llm_pb2.DescribeModelRequest, context: object
    ) -> llm_pb2.DescribeModelResponse:
        """The model, its defaults and limits; never loads it."""
        answer = llm_pb2.DescribeModelResponse(
            model=self._engine.status(),
            max_concurrent_calls=self._settings.max_concurrent_calls,
            max_queued_calls=self._settings.queue_size,
            defaults=llm_pb2.ChatDefaults(max_tokens=self._settings.default_max_tokens),
        )
        if self._engine.loaded:
            defaults = self._engine.defaults
            answer.context_length = self._engine.context_length
            answer.reproducible = self._engine.reproducible
            answer.defaults.temperature = defaults.temperature
            answer.defaults.top_p = defaults.top_p
            answer.defaults.top_k = defaults.top_k
            answer.defaults.repetition_penalty = defaults.repetition_penalty
        return answer

    async def _admitted(
        self, order: ChatOrder, began: float, place: Place
    ) -> AsyncIterator[llm_pb2.StreamChatResponse]:
        """Loads, then writes, within the worker's time limit."""
        if not self._engine.loaded:
            yield llm_pb2.StreamChatResponse(
                loading=progress_pb2.ModelLoading(model=self._engine.status().name)
            )
            await asyncio.to_thread(self._engine.load)
        answer = _Answer(began)
        limit = self._settings.task_time_limit_seconds
        self._metrics.batch_size.inc()
        try:
            async with asyncio.timeout(limit):
                async with aclosing(paced(self._pieces(order, answer))) as texts:  # type: ignore[type-var]  # an async generator
                    async for text in texts:
                        yield llm_pb2.StreamChatResponse(text=text)
        except TimeoutError:
            raise TaskTimeLimitExceeded(limit) from None
        finally:
            self._metrics.batch_size.dec()
            self._measure(answer)
        yield llm_pb2.StreamChatResponse(
            finished=llm_pb2.ChatFinished(
                finish_reason=answer.finish_reason,
                usage=answer.usage(),
                seed=order.seed,
                model=self._engine.status().name,
            )
        )

    async def _pieces(self, order: ChatOrder, answer: _Answer) -> AsyncIterator[str]:
        """The answer's text as the tokens come, up to its end or a stop string."""
        tokens, max_tokens = await self._prompt(order)
        answer.prompt_tokens = len(tokens)
        detokenizer, stops = Detokenizer(self._engine.decode), StopFinder(order.stops)
        ends = self._engine.end_tokens
        sampling = order.sampling(self._engine.defaults)
        async with aclosing(self._engine.generate(tokens, sampling, max_tokens)) as pieces:  # type: ignore[type-var]  # an async generator
            async for piece in pieces:
                answer.count(len(piece))
                text = stops.add(detokenizer.add([item for item in piece if item not in ends]))
                if text:
                    yield text
                if stops.found or piece[-1] in ends:
                    answer.finish_reason = "stop"
                    break
        rest = stops.add(detokenizer.end()) + stops.end()
        if stops.found:
            answer.finish_reason = "stop"
        if rest:
            yield rest

    async def _prompt(self, order: ChatOrder) -> tuple[list[int], int]:
        """The conversation's tokens and how many the answer may have.

        Raises InvalidArgument for a conversation that leaves no room, and a seed that could not
        hold.
        """
        if order.request.HasField("seed") and not self._engine.reproducible:
            raise InvalidArgument(
                FieldViolation(
                    "seed",
                    "this model cannot repeat an answer beside other calls; leave it out",
                ),
                reason="SEED_NOT_SUPPORTED",
            )
        tokens = await asyncio.to_thread(self._engine.encode, order.messages)
        room = self._engine.context_length - len(tokens)
        if room < 1:
            raise context_too_long(f"{len(tokens)} tokens", self._engine.context_length)
        return tokens, order.max_tokens(self._settings.default_max_tokens, room)

    def _measure(self, answer: _Answer) -> None:
        self._metrics.tokens_in.inc(answer.prompt_tokens)
        self._metrics.tokens_out.inc(answer.completion_tokens)
        if not answer.completion_tokens:
            return
        answer.trace()
        self._metrics.time_to_first_token_seconds.observe(answer.first_token_seconds)
        stages = self._worker_metrics.task_seconds
        stages.labels(stage="prefill").observe(answer.first_token_seconds)
        stages.labels(stage="decode").observe(answer.decode_seconds)
        if answer.tokens_per_second:
            self._metrics.tokens_per_second.observe(answer.tokens_per_second)
