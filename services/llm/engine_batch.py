"""The batch: one continuous-batching manager of transformers, and how calls join and leave it.

Knows tokens, not text. All methods are called on the event loop; the manager computes in its own
thread and calls back.
"""

import asyncio
import itertools
import logging
import math
import time
from collections.abc import AsyncIterator
from typing import Any

import torch
from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from services.common.errors import AtelierError, GpuOutOfMemory, InternalFault
from services.common.worker_metrics import WorkerMetrics
from services.llm.engine_choice import choice_list
from services.llm.engine_loading import Brain
from services.llm.sampling import Sampling

_PAGE_TOKENS = 256
_LEAVING_SECONDS = 120.0


class Batch:
    """A running batch over a model. Once failed() it must be replaced by a new one."""

    def __init__(self, brain: Brain, *, places: int, metrics: WorkerMetrics) -> None:
        logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
        self._numbers = itertools.count()
        self._metrics = metrics
        self._manager = _manager(brain, places)
        self._manager.start()

    @property
    def failed(self) -> bool:
        """Whether the thread that computes has ended, or is about to."""
        status = self._manager.background_thread_status
        return status.can_accept_new_requests() is not None or not self._manager.is_running()

    async def generate(
        self, tokens: list[int], sampling: Sampling, max_tokens: int, end_tokens: tuple[int, ...]
    ) -> AsyncIterator[list[int]]:
        """Yields the answer's tokens as they come; the last may be one of `end_tokens`.

        Closing the iterator takes the call out of the batch, and returns when it is out. Raises
        GpuOutOfMemory or InternalFault if the batch broke.
        """
        name = f"call-{next(self._numbers)}"
        outputs: asyncio.Queue[Any] = asyncio.Queue()
        self._manager.register_result_handler(name, outputs.put_nowait)
        accepted = self._manager.add_request(
            tokens,
            request_id=name,
            max_new_tokens=max_tokens,
            streaming=True,
            eos_token_id=list(end_tokens) or -1,
            sampling=sampling,
        )
        if accepted is None:
            self._forget(name)
            raise InternalFault("BATCH_STOPPED", "the batch has stopped; try again")
        seen = 0
        ended = False
        try:
            while not ended:
                output = await outputs.get()
                if output.error is not None:
                    ended = True
                    raise _fault(output.error)
                ended = output.is_finished()
                news = output.generated_tokens[seen:]
                seen += len(news)
                if news:
                    yield news
        finally:
            self._forget(name)
            if not ended:
                await self._leave(name)

    def close(self) -> None:
        """Ends the thread and frees the cache's memory; blocks until that has happened."""
        self._manager.stop(block=True, timeout=10, hard_stop=True)
        self._manager.destroy()

    def _forget(self, name: str) -> None:
        router = self._manager.output_router
        with router._lock:  # noqa: SLF001 - the manager has no way to take a handler back
            router.result_handlers.pop(name, None)

    async def _leave(self, name: str) -> None:
        """Takes a call out and waits until the batch has let go of it."""
        began = time.monotonic()
        self._manager.cancel_request(name)
        while not self.failed and self._holds(name):
            # The manager tells nobody that it has dropped a call.
            await asyncio.sleep(0.005)
            if time.monotonic() - began > _LEAVING_SECONDS:
                break
        self._metrics.cancel_to_idle_seconds.observe(time.monotonic() - began)

    def _holds(self, name: str) -> bool:
        manager = self._manager
        if not manager.cancel_queue.empty():
            return True
        processor = manager.batch_processor
        if processor is None:
            return not manager.input_queue.empty()
        scheduler = processor.scheduler
        return name in scheduler.active_requests or name in scheduler.waiting_requests


def _manager(brain: Brain, places: int) -> Any:
    on_cpu = brain.model.device.type == "cpu"
    pages = math.ceil(brain.context_length / _PAGE_TOKENS) + 1
    config = ContinuousBatchingConfig(
        page_size=_PAGE_TOKENS,
        max_requests_per_batch=places,
        # Prompts are never cut in two beside others: where they are cut can show in the numbers.
        max_batch_tokens=places * brain.context_length if on_cpu else None,
        num_blocks=places * pages if on_cpu else None,
        max_blocks_per_request=0 if on_cpu else None,
        allow_block_sharing=False,
        # The choice needs the tokens so far, which come a step late otherwise.
        use_async_batching=False,
        use_cuda_graph=False,
        safety_margin=0.0,
        auto_switch_to_flash=not on_cpu,
    )
    generation = GenerationConfig(
        do_sample=False, eos_token_id=list(brain.end_tokens) or None, pad_token_id=0
    )
    manager = brain.model.init_continuous_batching(generation, config)
    manager.logit_processor = choice_list()
    return manager


def _fault(text: str) -> AtelierError:
    if "out of memory" in text.lower():
        return GpuOutOfMemory(f"the batch has no memory left: {text[:300]}")
    return InternalFault("GENERATION_FAILED", f"the batch broke: {text[:300]}")


def return_memory() -> None:
    """Gives unused GPU memory back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
