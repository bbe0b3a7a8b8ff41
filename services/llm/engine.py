"""The engine: a causal language model of transformers that answers many conversations at a time.

Puts loading, the batch and the tokenizer together. Knows no message of the contract.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import torch
from jinja2 import TemplateError

from atelier.common.v1 import progress_pb2
from services.common.device import pick_device
from services.common.errors import FieldViolation, InvalidArgument
from services.common.model_slot import ModelSlot
from services.common.models import ModelSource
from services.common.worker_metrics import WorkerMetrics
from services.llm.engine_batch import Batch, return_memory
from services.llm.engine_loading import Brain, load, tokenizer_at_hand
from services.llm.order import context_too_long
from services.llm.sampling import Sampling, SamplingDefaults
from services.llm.settings import LlmSettings


class LlmEngine:
    """Loads with the first call; a batch that broke is replaced with the next one."""

    def __init__(self, settings: LlmSettings, source: ModelSource, metrics: WorkerMetrics) -> None:
        self._source = source
        self._tokenizer: Any = None
        self._places = settings.max_concurrent_calls
        self._metrics = metrics
        self._making: asyncio.Task[Batch] | None = None
        """Makes the batch, or has made it; goes on if the call that needed it leaves."""
        # A device that is not there is a wrong setting, and told at start.
        pick_device(settings.device, cuda_devices=torch.cuda.device_count())
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self._slot: ModelSlot[Brain] = ModelSlot(
            name=source.name,
            device=settings.device,
            load=lambda: load(
                source,
                device=settings.device,
                dtype=settings.dtype,
                context_length=settings.context_length,
                tokenizer=self._tokenizer,
            ),
            metrics=metrics,
        )

    def read_tokenizer(self) -> None:
        """Reads the tokenizer ahead of the model, where that is quick; for before serving."""
        self._tokenizer = tokenizer_at_hand(self._source)

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._slot.loaded

    def status(self) -> progress_pb2.ModelStatus:
        """The model's name and state."""
        return self._slot.status()

    def load(self) -> None:
        """Loads the model if need be. Blocking. Raises ModelLoadFailed."""
        self._slot.get()

    @property
    def context_length(self) -> int:
        """The most tokens of a conversation and its answer; the model must be loaded."""
        return self._slot.get().context_length

    @property
    def defaults(self) -> SamplingDefaults:
        """The model's own defaults; the model must be loaded."""
        return self._slot.get().defaults

    @property
    def reproducible(self) -> bool:
        """Whether a seed holds beside strangers; the model must be loaded."""
        return self._slot.get().reproducible

    @property
    def end_tokens(self) -> tuple[int, ...]:
        """The tokens with which the model ends; the model must be loaded."""
        return self._slot.get().end_tokens

    def encode(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The conversation as the model's chat template writes it.

        Raises InvalidArgument if the template refuses it, for its roles or their order, or if it
        is longer than the context by its characters alone.
        """
        brain = self._slot.get()
        characters = sum(len(message["content"]) for message in messages)
        if characters > brain.most_characters:
            raise context_too_long(f"{characters} characters", brain.context_length)
        try:
            tokens: list[int] = brain.tokenizer.apply_chat_template(
                [brain.quoted(message) for message in messages],
                add_generation_prompt=True,
                return_dict=False,
            )
        except TemplateError as error:
            raise InvalidArgument(
                FieldViolation("messages", f"the model's chat template refuses them: {error}")
            ) from error
        return list(tokens)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""
        tokenizer = self._slot.get().tokenizer
        text: str = tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    async def generate(
        self, tokens: list[int], sampling: Sampling, max_tokens: int
    ) -> AsyncIterator[list[int]]:
        """Yields the answer's tokens as they come; closing it leaves the batch at once.

        Raises GpuOutOfMemory or InternalFault if the batch broke; the next call gets a new one.
        """
        batch = await self._current_batch()
        answer = batch.generate(tokens, sampling, max_tokens, self.end_tokens)
        async with aclosing(answer) as pieces:  # type: ignore[type-var]  # an async generator
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Ends the batch."""
        if self._making is not None:
            made = await asyncio.gather(self._making, return_exceptions=True)
            if isinstance(made[0], Batch):
                await asyncio.to_thread(made[0].close)

    async def _current_batch(self) -> Batch:
        making = self._making
        if making is None or (making.done() and (making.exception() or making.result().failed)):
            broken = None if making is None or making.exception() else making.result()
            making = asyncio.create_task(asyncio.to_thread(self._new_batch, broken))
            self._making = making
        return await asyncio.shield(making)

    def _new_batch(self, broken: Batch | None) -> Batch:
        if broken is not None:
            broken.close()
            return_memory()
        return Batch(self._slot.get(), places=self._places, metrics=self._metrics)
