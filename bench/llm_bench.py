"""How the llm worker's batch does beside one `generate` a caller, and what it costs a health check.

The batch and `generate` share a process, one thread and a data type and take turns, so that other
work on the machine falls on both alike; throughput counts CPU time. Health checks go to the real
worker's process, and in the same moments to a server that does nothing.
"""

import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

# Before torch is imported: its threads are made once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import grpc
import torch
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from bench.peers import free_ports
from bench.rows import Row, table
from services.common.models import resolve_model
from services.common.worker_metrics import WorkerMetrics
from services.llm.engine import LlmEngine
from services.llm.metrics import STAGES
from services.llm.sampling import Sampling
from services.llm.settings import LlmSettings

MODEL = "smollm2-135m-instruct"
SERVICE = "atelier.llm.v1.LlmService"
PROMPTS = (
    "Tell me about the sea and the people who live by it.",
    "How does a bicycle stay upright?",
    "Write a short story about a fox and a lighthouse.",
    "What should I cook with potatoes, onions and eggs?",
    "Explain to a child why the sky is blue.",
    "Describe a walk through an old town in autumn.",
    "What are the advantages of learning to play the piano?",
    "Give me some advice for my first day at a new job.",
)
TOKENS = 64
ROUNDS = 3
CALLS = 2
"""How often each caller calls again, for the time to the first token."""
CHECK_SECONDS = 0.02
"""The time between two health checks."""
THROUGHPUT_TARGET = 5.0
FIRST_TOKEN_TARGET = 1 / 3
CHECK_TARGET_MS = 50.0
_GREEDY = Sampling(temperature=0, top_p=1, top_k=0, repetition_penalty=1, seed=0)


def run() -> list[Row]:
    """The figures: throughput, time to first token, equal text, health checks."""
    torch.set_num_threads(1)
    return [*asyncio.run(_beside_generate()), *asyncio.run(_health_checks())]


@dataclass
class _Round:
    """What one way of answering took."""

    cpu_seconds: float = 0.0
    tokens: int = 0

    @property
    def tokens_per_cpu_second(self) -> float:
        return self.tokens / self.cpu_seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        began = time.process_time()
        yield
        self.cpu_seconds += time.process_time() - began


@dataclass
class _Waits:
    """CPU seconds of the process from a call to its first token."""

    first: list[float] = field(default_factory=list)
    """Of each caller's first call; they come at once."""
    later: list[float] = field(default_factory=list)


@contextmanager
def _one_core() -> Iterator[None]:
    """Gives many threads no more of the machine than one."""
    cores = os.sched_getaffinity(0)
    for thread in threading.enumerate():
        os.sched_setaffinity(thread.native_id or 0, {min(cores)})
    try:
        yield
    finally:
        for thread in threading.enumerate():
            os.sched_setaffinity(thread.native_id or 0, cores)


async def _beside_generate() -> list[Row]:
    engine = _engine()
    await asyncio.to_thread(engine.load)
    prompts = [engine.encode([{"role": "user", "content": text}]) for text in PROMPTS]
    stock = _Stock()
    batch, single = ([_Round() for _ in range(ROUNDS + 1)] for _ in range(2))
    for number in range(ROUNDS + 1):
        await _batch_round(engine, prompts, batch[number])
        await asyncio.to_thread(stock.one_caller, prompts[0], single[number])
    ours, theirs = _Waits(), _Waits()
    with _one_core():
        await _batch_callers(engine, prompts, ours)
        await asyncio.to_thread(stock.callers, prompts, theirs)
    equal = await _equal_texts(engine, prompts)
    await engine.close()
    return [
        # The first round warms caches and allocators.
        _throughput(batch[1:], single[1:]),
        _first_token("7 others are answered", ours.later, theirs.later, held=True),
        _first_token("all 8 come at once", ours.first, theirs.first, held=False),
        Row(
            name="llm: greedy answers, 8 callers, with the same tokens as model.generate",
            value=equal,
            unit=f"of {len(prompts)}",
            target=f"all {len(prompts)}",
            met=equal == len(prompts),
        ),
    ]


def _engine() -> LlmEngine:
    settings = LlmSettings(
        name="llm", service=SERVICE, port=0, metrics_port=0, model=MODEL, device="cpu"
    )
    return LlmEngine(settings, resolve_model(MODEL), WorkerMetrics(CollectorRegistry(), STAGES))


async def _batch_round(engine: LlmEngine, prompts: Sequence[list[int]], result: _Round) -> None:
    """All prompts at once through the engine."""
    with result.timed():
        answers = await asyncio.gather(*(_tokens(engine, prompt, TOKENS) for prompt in prompts))
    result.tokens += sum(map(len, answers))


async def _batch_callers(engine: LlmEngine, prompts: Sequence[list[int]], waits: _Waits) -> None:
    """A caller for each prompt, who calls again when the answer has come."""

    async def caller(number: int) -> None:
        for seconds in (waits.first, *[waits.later] * CALLS):
            began, waiting = time.process_time(), True
            async for _ in engine.generate(prompts[number], _GREEDY, _length(number)):
                if waiting:
                    seconds.append(time.process_time() - began)
                waiting = False

    await asyncio.gather(*map(caller, range(len(prompts))))


def _length(caller: int) -> int:
    """Tokens of a caller's answers: each another number, so that callers come one by one."""
    return 12 + 2 * caller


class _Stock:
    """`generate` of transformers as it comes, with its own attention."""

    def __init__(self) -> None:
        location = resolve_model(MODEL).location
        self._model = AutoModelForCausalLM.from_pretrained(location, dtype=torch.bfloat16).eval()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(location)

    def one_caller(self, prompt: list[int], result: _Round) -> None:
        """One answer, streamed from a thread."""
        with result.timed():
            result.tokens += self._stream(prompt, TOKENS, [])

    def callers(self, prompts: Sequence[list[int]], waits: _Waits) -> None:
        """A thread for each caller, and one with a streamer for each of his calls."""

        def caller(number: int) -> None:
            for seconds in (waits.first, *[waits.later] * CALLS):
                self._stream(prompts[number], _length(number), seconds)

        readers = [
            threading.Thread(target=caller, args=(number,)) for number in range(len(prompts))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

    def _stream(self, prompt: list[int], tokens: int, first_token_seconds: list[float]) -> int:
        """Returns the number of tokens that came."""
        streamer = _Streamer(self._tokenizer, skip_prompt=True)
        began = time.process_time()
        writer = threading.Thread(target=self._generate, args=(prompt, tokens, streamer))
        writer.start()
        for _ in streamer:
            pass
        writer.join()
        first_token_seconds.append(streamer.first_token_at - began)
        return streamer.tokens

    def _generate(self, prompt: list[int], tokens: int, streamer: "_Streamer") -> None:
        # Threads have their own number of threads to compute with.
        torch.set_num_threads(1)
        _generated(self._model, prompt, tokens, streamer=streamer)


class _Streamer(TextIteratorStreamer):  # type: ignore[misc]  # transformers is untyped here
    """Counts tokens and notes when the first came: its text may wait for the end of a word."""

    def __init__(self, tokenizer: Any, **options: Any) -> None:
        super().__init__(tokenizer, **options)
        self.tokens = -1
        self.first_token_at = 0.0

    def put(self, value: torch.Tensor) -> None:
        """Takes the prompt, then token after token."""
        self.tokens += 1
        if self.tokens == 1:
            self.first_token_at = time.process_time()
        super().put(value)


def _throughput(batch: Sequence[_Round], single: Sequence[_Round]) -> Row:
    value = statistics.median(item.tokens_per_cpu_second for item in batch)
    baseline = statistics.median(item.tokens_per_cpu_second for item in single)
    return Row(
        name=f"llm: {len(PROMPTS)} callers through the batch",
        value=value,
        unit="tokens per CPU s",
        baseline="one caller, generate with a streamer",
        baseline_value=baseline,
        target=f"at least {THROUGHPUT_TARGET:g}",
        met=value / baseline >= THROUGHPUT_TARGET,
    )


def _first_token(case: str, ours: Sequence[float], theirs: Sequence[float], *, held: bool) -> Row:
    value, baseline = _percentile(ours, 95), _percentile(theirs, 95)
    return Row(
        name=f"llm: time to first token on one core, {case}, p95",
        value=value,
        unit="CPU s",
        baseline=f"{len(PROMPTS)} threads with streamers",
        baseline_value=baseline,
        target="under a third" if held else "",
        met=value / baseline < FIRST_TOKEN_TARGET if held else None,
    )


async def _equal_texts(engine: LlmEngine, prompts: Sequence[list[int]]) -> int:
    """How many prompts get from the batch what the same loaded model's generate answers."""
    answers = await asyncio.gather(*(_tokens(engine, prompt, TOKENS) for prompt in prompts))
    model = engine._slot.get().model  # noqa: SLF001 - the model itself
    expected = [await asyncio.to_thread(_generated, model, prompt, TOKENS) for prompt in prompts]
    return sum(ours == theirs for ours, theirs in zip(answers, expected, strict=True))


async def _tokens(engine: LlmEngine, prompt: list[int], count: int) -> list[int]:
    pieces = [piece async for piece in engine.generate(prompt, _GREEDY, count)]
    return list(itertools.chain.from_iterable(pieces))


def _generated(model: Any, prompt: list[int], count: int, **options: Any) -> list[int]:
    """At most `count` tokens of the model's own greedy answer."""
    ids = torch.tensor([prompt])
    answer = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
        max_new_tokens=count,
        **options,
    )
    tokens: list[int] = answer[0, len(prompt) :].tolist()
    return tokens


async def _health_checks() -> list[Row]:
    """Check's latency while the worker loads, and while it computes with 8 callers."""
    ports = free_ports("worker", "metrics", "peer")
    with _processes(ports):
        async with _channel(ports["worker"]) as worker, _channel(ports["peer"]) as peer:
            await asyncio.gather(_online(worker), _online(peer))
            loading = await _probed(worker, peer, _chat(worker, PROMPTS[0], 1))
            await _probed(worker, peer, asyncio.sleep(1))
            talk = asyncio.gather(*(_chat(worker, text, 4 * TOKENS) for text in PROMPTS))
            computing = await _probed(worker, peer, talk)
    return [_check_row("loads", *loading), _check_row("computes, 8 callers", *computing)]


@contextmanager
def _processes(ports: dict[str, int]) -> Iterator[None]:
    env = os.environ | {
        "ATELIER_LLM_PORT": str(ports["worker"]),
        "ATELIER_LLM_METRICS_PORT": str(ports["metrics"]),
        "ATELIER_LLM_MODEL": MODEL,
        "ATELIER_LLM_DEVICE": "cpu",
    }
    # The settings' number of threads is to count, not this process's.
    env.pop("OMP_NUM_THREADS", None)
    running = [
        subprocess.Popen([sys.executable, "-m", *words], env=env, stderr=subprocess.DEVNULL)
        for words in (["services.llm"], ["bench.peers", "worker", str(ports["peer"])])
    ]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


@asynccontextmanager
async def _channel(port: int) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


async def _online(channel: grpc.aio.Channel) -> None:
    check = health_pb2_grpc.HealthStub(channel).Check
    await check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=120)


async def _chat(channel: grpc.aio.Channel, text: str, max_tokens: int) -> None:
    request = llm_pb2.ChatRequest(
        messages=[llm_pb2.ChatMessage(role="user", content=text)],
        temperature=0.7,
        max_tokens=max_tokens,
    )
    async for _ in llm_pb2_grpc.LlmServiceStub(channel).StreamChat(request):
        pass


async def _probed(worker: grpc.aio.Channel, peer: grpc.aio.Channel, work: Any) -> Any:
    """Milliseconds of each Check of both, sent at a steady pace until `work` is done."""
    working = asyncio.ensure_future(work)
    ours: list[float] = []
    theirs: list[float] = []
    calls: list[asyncio.Task[None]] = []
    while not working.done():
        calls += [
            asyncio.create_task(_check(worker, ours)),
            asyncio.create_task(_check(peer, theirs)),
        ]
        await asyncio.sleep(CHECK_SECONDS)
    await asyncio.gather(working, *calls)
    return ours, theirs


async def _check(channel: grpc.aio.Channel, milliseconds: list[float]) -> None:
    began = time.perf_counter()
    await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    milliseconds.append((time.perf_counter() - began) * 1000)


def _check_row(phase: str, ours: Sequence[float], theirs: Sequence[float]) -> Row:
    value = _percentile(ours, 99)
    return Row(
        name=f"llm: Check while the worker {phase}, p99 of {len(ours)}",
        value=value,
        unit="ms",
        baseline="a server that does nothing",
        baseline_value=_percentile(theirs, 99),
        target=f"at most {CHECK_TARGET_MS:g} ms",
        met=value <= CHECK_TARGET_MS,
    )


def _percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100) - 1
    return ordered[max(0, int(place))]


def main() -> None:
    """Prints the figures."""
    print(table(run()))


if __name__ == "__main__":
    main()
