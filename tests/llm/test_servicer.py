"""The contract over real gRPC, with an engine that says what it was told to."""

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from atelier.llm.v1 import llm_pb2
from services.common.errors import GpuOutOfMemory, InternalFault, ShuttingDown
from tests.support.llm_fakes import ParrotEngine
from tests.support.llm_worker import request, serving
from tests.support.violations import failure, reason, refused_fields
from tests.support.waiting import until


async def test_a_whole_answer() -> None:
    async with serving(ParrotEngine("Hello there.")) as llm:
        answer = await llm.ask("Hi", seed=7)
        assert (answer.message.role, answer.message.content) == ("assistant", "Hello there.")
        assert (answer.finish_reason, answer.seed, answer.model) == ("stop", 7, "parrot")
        assert answer.usage.prompt_tokens == 2
        assert answer.usage.completion_tokens == len("Hello there.") + 1
        assert answer.usage.time_to_first_token_seconds > 0
        assert answer.usage.tokens_per_second > 0
        assert llm.figure("llm_tokens_total", direction="in") == 2
        assert llm.figure("llm_tokens_total", direction="out") == 13
        assert llm.figure("llm_time_to_first_token_seconds_count") == 1
        assert llm.figure("worker_task_seconds_count", stage="decode") == 1
        assert llm.figure("llm_batch_size") == 0


async def test_a_stream_in_the_order_of_the_contract() -> None:
    engine = ParrotEngine("Ünïcödé 😀")
    engine.loaded = False
    async with serving(engine) as llm:
        heard = await llm.hear()
        assert heard.kinds == ["loading", "text", "finished"]
        assert heard.text == "Ünïcödé 😀"
        assert heard.finished.finish_reason == "stop"
        assert (await llm.hear()).kinds == ["text", "finished"]


async def test_parameters_and_defaults_reach_the_engine() -> None:
    engine = ParrotEngine()
    async with serving(engine) as llm:
        await llm.ask(temperature=0.25, repetition_penalty=1.5, seed=3)
        await llm.ask(top_k=0)
    first, second = engine.samplings
    assert (first.temperature, first.top_p, first.top_k) == (0.25, 0.75, 40)
    assert (first.repetition_penalty, first.seed) == (1.5, 3)
    assert (second.temperature, second.top_k) == (0.5, 0)


async def test_the_length_is_kept_and_said() -> None:
    async with serving(ParrotEngine("abcdef"), default_max_tokens=4) as llm:
        answer = await llm.ask(max_tokens=1)
        assert (answer.message.content, answer.finish_reason) == ("a", "length")
        assert answer.usage.tokens_per_second == 0
        assert (await llm.ask()).message.content == "abcd"
        assert (await llm.ask(max_tokens=7)).finish_reason == "stop"


async def test_a_stop_string_ends_the_answer_before_it_and_the_work() -> None:
    engine = ParrotEngine("one two three two")
    async with serving(engine) as llm:
        answer = await llm.ask(stop=["three", "two"])
        assert (answer.message.content, answer.finish_reason) == ("one ", "stop")
        await until(lambda: engine.broken_off == 1)
        assert (await llm.ask(stop=["twofold"])).message.content == "one two three two"


async def test_wrong_fields_are_refused_without_loading() -> None:
    engine = ParrotEngine()
    engine.loaded = False
    async with serving(engine) as llm:
        call = llm.stub.StreamChat(request("", temperature=3))
        assert set(await refused_fields(call)) == {"messages[0].content", "temperature"}
        assert not engine.loaded
        assert llm.running == 0


async def test_a_conversation_that_leaves_no_room_is_refused_with_both_lengths() -> None:
    async with serving(ParrotEngine()) as llm:
        error = await failure(llm.stub.StreamChat(request("x" * 64)))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert reason(error) == "CONTEXT_TOO_LONG"
        assert "64" in str(error.details())
        assert (await llm.ask("x" * 63)).finish_reason == "length"
        fields = await refused_fields(llm.stub.StreamChat(request("x" * 60, max_tokens=5)))
        assert "at most 4" in fields["max_tokens"]


async def test_a_seed_that_cannot_hold_is_refused_by_name() -> None:
    engine = ParrotEngine()
    engine.reproducible = False
    async with serving(engine) as llm:
        error = await failure(llm.stub.StreamChat(request(seed=0)))
        assert reason(error) == "SEED_NOT_SUPPORTED"
        assert "seed" in await refused_fields(llm.stub.StreamChat(request(seed=0)))
        await llm.ask()


async def test_loading_that_fails_is_told_and_tried_again() -> None:
    engine = ParrotEngine()
    engine.loaded, engine.load_failures = False, 1
    async with serving(engine) as llm:
        error = await failure(llm.stub.StreamChat(request()))
        assert reason(error) == "MODEL_LOAD_FAILED"
        assert "flown" in str(error.details())
        assert (await llm.ask()).message.content == "Hello there."


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InternalFault("GENERATION_FAILED", "the batch broke"), grpc.StatusCode.INTERNAL),
        (GpuOutOfMemory("no memory left"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (RuntimeError("surprise"), grpc.StatusCode.INTERNAL),
    ],
)
async def test_a_failure_in_mid_answer_is_told_and_frees_the_place(
    error: Exception, code: grpc.StatusCode
) -> None:
    engine = ParrotEngine()
    engine.error = error
    async with serving(engine, max_concurrent_calls=1) as llm:
        assert (await failure(llm.stub.StreamChat(request()))).code() is code
        engine.error = None
        assert (await llm.ask()).finish_reason == "stop"


async def test_the_time_limit_ends_a_call() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, task_time_limit_seconds=0.1) as llm:
        error = await failure(llm.stub.StreamChat(request()))
        assert reason(error) == "TASK_TIME_LIMIT"
        await until(lambda: engine.running == 0 and llm.running == 0)


async def test_those_who_wait_are_told_their_place_until_it_is_their_turn() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, max_concurrent_calls=1, queue_size=2) as llm:
        first = await llm.talk().until("text")
        second = await llm.talk().until("queued")
        third = await llm.talk().until("queued")
        assert (second.heard.places, third.heard.places) == ([0], [1])
        await first.leave()
        await second.until("text")
        await until(lambda: third.heard.places == [1, 0])
        engine.hold.set()
        assert (await second.end()).finished.finish_reason == "stop"
        assert (await third.end()).kinds == ["queued", "text", "finished"]
        assert engine.most_running == 1


async def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, max_concurrent_calls=1, queue_size=1) as llm:
        first = await llm.talk().until("text")
        second = await llm.talk().until("queued")
        error = await failure(llm.stub.StreamChat(request()))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason(error) == "QUEUE_FULL"
        assert retry_seconds(error) >= 1
        engine.hold.set()
        await asyncio.gather(first.end(), second.end())


def retry_seconds(error: grpc.aio.AioRpcError) -> int:
    retry = error_details_pb2.RetryInfo()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                detail.Unpack(retry)
    return int(retry.retry_delay.seconds)


@pytest.mark.parametrize("method", ["Chat", "StreamChat"])
async def test_a_caller_who_leaves_stops_the_work(method: str) -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, max_concurrent_calls=1) as llm:
        call = getattr(llm.stub, method)(request())
        if method == "StreamChat":
            await call.read()
        await until(lambda: engine.running == 1)
        call.cancel()
        await until(lambda: engine.broken_off == 1 and llm.running == 0)
        engine.hold.set()
        await llm.ask()


async def test_a_deadline_stops_the_work() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine) as llm:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await llm.stub.Chat(request(), timeout=0.2)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(lambda: engine.running == 0 and llm.running == 0)


async def test_a_caller_who_leaves_the_queue_is_forgotten() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, max_concurrent_calls=1, queue_size=1) as llm:
        first = await llm.talk().until("text")
        second = await llm.talk().until("queued")
        await second.leave()
        await until(lambda: llm.figure("worker_queue_depth") == 0)
        third = await llm.talk().until("queued")
        engine.hold.set()
        await asyncio.gather(first.end(), third.end())
        assert len(engine.samplings) == 2


async def test_fifty_calls_at_once_get_an_answer_or_a_refusal() -> None:
    engine = ParrotEngine("x" * 40)
    async with serving(engine, max_concurrent_calls=4, queue_size=26) as llm:
        outcomes = await asyncio.gather(
            *(llm.hear(max_tokens=30) for _ in range(50)), return_exceptions=True
        )
        errors = [item for item in outcomes if isinstance(item, grpc.aio.AioRpcError)]
        assert all(error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED for error in errors)
        answers = [item for item in outcomes if not isinstance(item, BaseException)]
        assert {answer.text for answer in answers} == {"x" * 30}
        assert len(answers) + len(errors) == 50
        assert len(answers) >= 30
        assert engine.most_running <= 4
        assert llm.running == 0


async def test_a_stalled_reader_holds_up_nobody() -> None:
    engine = ParrotEngine("x" * 4000)
    async with serving(engine, max_concurrent_calls=1) as llm:
        engine.context_length = 5000
        stalled = llm.stub.StreamChat(request(max_tokens=4000))
        await stalled.read()
        assert (await llm.ask(max_tokens=3)).message.content == "xxx"
        stalled.cancel()


async def test_describing_never_loads() -> None:
    engine = ParrotEngine()
    engine.loaded = False
    async with serving(engine, max_concurrent_calls=3, queue_size=5) as llm:
        answer = await llm.stub.DescribeModel(llm_pb2.DescribeModelRequest())
        assert (answer.model.state, answer.context_length) == ("unloaded", 0)
        assert (answer.max_concurrent_calls, answer.max_queued_calls) == (3, 5)
        assert not answer.reproducible
        engine.loaded = True
        answer = await llm.stub.DescribeModel(llm_pb2.DescribeModelRequest())
        assert (answer.model.state, answer.context_length) == ("loaded", 64)
        assert (answer.defaults.temperature, answer.defaults.top_k) == (0.5, 40)
        assert answer.reproducible


async def test_a_worker_that_ends_sends_the_waiting_away() -> None:
    engine = ParrotEngine()
    engine.hold = asyncio.Event()
    async with serving(engine, max_concurrent_calls=1) as llm:
        first = await llm.talk().until("text")
        second = await llm.talk().until("queued")
        await llm.servicer.admission.close()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await second.end()
        assert caught.value.code() is ShuttingDown.code
        engine.hold.set()
        assert (await first.end()).finished.finish_reason == "stop"
