"""The store: what it accepts it keeps, each change goes one way, and what it looks up is right."""

import asyncio
import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2, status_pb2

from atelier.image.v1 import image_pb2
from services.common.errors import InvalidArgument, NotFound, ShuttingDown, error_info
from services.common.settings import SettingsError
from services.gateway.jobs.record import (
    CANCELLED,
    FAILED,
    QUEUED,
    SUCCEEDED,
    DiskFull,
    IdempotencyKeyReused,
    JobRecord,
    NotEnded,
    NotYet,
)
from services.gateway.jobs.store import JobStore
from tests.support.image_pictures import picture_file
from tests.support.kept_jobs import drawn, new_job, open_store, run_job
from tests.support.kept_jobs_disk import let_not_grow

ERROR = status_pb2.Status(code=code_pb2.INTERNAL, message="broke")


class Shelf:
    """A folder whose store can be opened again and again, as gateways come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gone: list[str] = []
        self.store: JobStore | None = None

    async def opened(self, **settings: object) -> JobStore:
        await self.close()
        self.store = await open_store(self.folder, self.gone, **settings)
        return self.store

    async def close(self) -> None:
        if self.store is not None:
            await self.store.close()


@pytest.fixture
async def shelf(tmp_path: Path):
    made = Shelf(tmp_path / "jobs")
    yield made
    await made.close()


@pytest.fixture
async def store(shelf: Shelf):
    return await shelf.opened()


async def accepted(store: JobStore, prompt: str = "a dog", **fields: Any) -> JobRecord:
    record, is_new = await store.add(new_job(prompt, **fields))
    assert is_new
    return record


async def running(store: JobStore, prompt: str = "a dog", **fields: Any) -> JobRecord:
    record = await store.mark_running((await accepted(store, prompt, **fields)).id)
    assert record is not None
    return record


async def failed(store: JobStore, prompt: str = "a dog", **fields: Any) -> JobRecord:
    record = await store.end((await accepted(store, prompt, **fields)).id, FAILED, ERROR)
    assert record is not None
    return record


def content(record: JobRecord, name: str) -> bytes:
    return next(file.path.read_bytes() for file in record.files if file.name == name)


# --- Accepting -----------------------------------------------------------------------------------


async def test_an_accepted_job_waits_with_its_files_apart(store: JobStore) -> None:
    record = await accepted(store, picture=b"a picture")
    assert (record.state, record.attempts, record.submitter) == (QUEUED, 0, "")
    assert content(record, "inputs/image") == b"a picture"
    assert b"a picture" not in record.request
    assert await store.get(record.id) == record
    whole = image_pb2.GenerateImageRequest.FromString(await store.request_bytes(record.id))
    assert (whole.prompt, whole.image) == ("a dog", b"a picture")


async def test_the_same_key_and_request_are_the_same_job(store: JobStore) -> None:
    first, _ = await store.add(new_job(idempotency_key="k", submitter="ada"))
    again, is_new = await store.add(new_job(idempotency_key="k", submitter="ada"))
    assert (again.id, is_new) == (first.id, False)
    assert [path.name for path in store.files.iterdir()] == [f"{first.id}.inputs"]
    found = await store.find("ada", "k")
    assert found is not None
    assert found.id == first.id


async def test_the_same_key_with_another_request_is_refused(store: JobStore) -> None:
    first, _ = await store.add(new_job("a dog", idempotency_key="k"))
    with pytest.raises(IdempotencyKeyReused, match=first.id):
        await store.add(new_job("a cat", idempotency_key="k"))
    assert [path.name for path in store.files.iterdir()] == [f"{first.id}.inputs"]


async def test_a_key_belongs_to_its_submitter(store: JobStore) -> None:
    jobs = [await store.add(new_job(idempotency_key="k", submitter=who)) for who in ("ada", "bob")]
    assert all(is_new for _, is_new in jobs)
    assert await store.find("eve", "k") is None


async def test_many_submits_with_one_key_at_once_make_one_job(store: JobStore) -> None:
    added = await asyncio.gather(*(store.add(new_job(idempotency_key="k")) for _ in range(20)))
    assert len({record.id for record, _ in added}) == 1
    assert sum(is_new for _, is_new in added) == 1
    assert len(list(store.files.iterdir())) == 1


async def test_a_key_is_free_again_once_its_job_is_deleted(store: JobStore) -> None:
    first = await failed(store, idempotency_key="k")
    await store.delete(first.id)
    again, is_new = await store.add(new_job("a cat", idempotency_key="k"))
    assert is_new
    assert again.id != first.id


async def test_a_job_for_which_the_disk_has_no_room_is_none_and_no_other_is_lost(
    store: JobStore,
) -> None:
    kept = await accepted(store)
    let_not_grow(store._database)
    with pytest.raises(DiskFull):
        await store.add(new_job("a dog " * 100_000))
    assert [path.name for path in store.files.iterdir()] == [f"{kept.id}.inputs"]
    assert (await store.page()).records == (kept,)


async def test_a_job_whose_caller_has_left_while_it_was_written_is_whole(store: JobStore) -> None:
    begun, go_on = threading.Event(), threading.Event()
    insert = store._insert

    def slowly(*args):
        begun.set()
        assert go_on.wait(30)
        return insert(*args)

    store._insert = slowly  # type: ignore[method-assign]
    adding = asyncio.create_task(store.add(new_job(picture=b"a picture")))
    await asyncio.to_thread(begun.wait, 30)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    go_on.set()
    await store._database.write(lambda _: None)  # it comes behind
    (record,) = (await store.page()).records
    assert content(record, "inputs/image") == b"a picture"


# --- Each change goes one way --------------------------------------------------------------------


async def test_a_job_runs_and_ends_with_its_files(store: JobStore) -> None:
    record = await run_job(store, await accepted(store), picture_file(), b"two")
    assert (record.state, record.attempts) == (SUCCEEDED, 1)
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.create_time <= record.start_time <= record.end_time
    assert [file.name for file in record.files] == [
        "inputs/image", "results/0", "results/1", "thumbnail",
    ]  # fmt: skip
    assert content(record, "results/1") == b"two"
    for file in record.files:
        assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize("state", [FAILED, CANCELLED])
async def test_a_job_ends_once_and_its_end_stays(store: JobStore, state: str) -> None:
    first = await accepted(store)
    assert await store.end(first.id, state, ERROR) is not None
    ended = await store.get(first.id)
    assert await store.end(first.id, SUCCEEDED) is None
    assert await store.mark_running(first.id) is None
    assert await store.requeue(first.id, uncount_attempt=False) is None
    assert await store.set_cancelling(first.id) is None
    assert await store.update(first.id, presence="other") is None
    assert await store.update(first.id) is None
    assert await store.get(first.id) == ended
    assert ended.error == ERROR.SerializeToString()


async def test_many_ends_at_once_are_one(store: JobStore) -> None:
    record = await running(store)
    ends = await asyncio.gather(
        store.end(record.id, FAILED, ERROR),
        store.end(record.id, CANCELLED),
        store.end(record.id, SUCCEEDED),
    )
    assert [end is not None for end in ends] == [True, False, False]
    assert (await store.get(record.id)).state == FAILED


async def test_an_end_that_is_written_again_is_the_same_end_with_its_files(
    store: JobStore,
) -> None:
    record = await running(store)
    attempt = store.attempt(record)
    await attempt.take(drawn(b"one"))
    await attempt.finish()
    first = await store.end(record.id, SUCCEEDED, attempt=attempt)
    again = await store.end(record.id, SUCCEEDED, attempt=attempt)
    assert first == again
    assert first is not None
    assert content(first, "results/0") == b"one"
    assert store.counts()["image", SUCCEEDED] == 1


async def test_attempts_count_unless_they_are_taken_back(store: JobStore) -> None:
    record = await running(store)
    for uncount, begun in ((False, 1), (True, 1), (False, 2)):
        put_back = await store.requeue(record.id, uncount_attempt=uncount)
        assert put_back is not None
        assert (put_back.state, put_back.attempts) == (QUEUED, begun)
        again = await store.mark_running(record.id)
        assert again is not None
        assert again.attempts == begun + 1


async def test_a_job_runs_in_one_place_only(store: JobStore) -> None:
    record = await accepted(store)
    begun = await asyncio.gather(*(store.mark_running(record.id) for _ in range(5)))
    assert sum(item is not None for item in begun) == 1


async def test_who_watches_over_a_job_can_change(store: JobStore) -> None:
    record = await accepted(store)
    changed = await store.update(record.id, presence="tab", on_leave="drop")
    assert changed is not None
    assert (changed.presence, changed.on_leave) == ("tab", "drop")
    kept = await store.update(record.id, on_leave="keep")
    assert kept is not None
    assert (kept.presence, kept.on_leave) == ("tab", "keep")
    assert await store.update(record.id) == kept


# --- After a loss of the gateway -----------------------------------------------------------------


async def test_what_waited_and_what_ran_waits_again_in_order_of_acceptance(shelf: Shelf) -> None:
    store = await shelf.opened()
    waits, runs, ends = [await accepted(store, name) for name in ("a", "b", "c")]
    await store.mark_running(runs.id)
    await store.end(ends.id, FAILED, ERROR)
    store = await shelf.opened()
    assert [(item.id, item.state, item.attempts) for item in await store.recover()] == [
        (waits.id, QUEUED, 0),
        (runs.id, QUEUED, 1),
    ]
    assert store.counts()["image", QUEUED] == 2
    assert store.counts()["image", FAILED] == 1


async def test_what_was_told_to_stop_has_stopped(shelf: Shelf) -> None:
    store = await shelf.opened()
    jobs = [await accepted(store), await running(store)]
    for job in jobs:
        await store.set_cancelling(job.id)
    store = await shelf.opened()
    assert await store.recover() == []
    for job in jobs:
        found = await store.get(job.id)
        assert found.state == CANCELLED
        assert status_pb2.Status.FromString(found.error).code == code_pb2.CANCELLED
        assert found.end_time is not None


async def test_what_was_begun_as_often_as_it_may_be_has_failed(shelf: Shelf) -> None:
    store = await shelf.opened()
    job = await accepted(store, max_attempts=2)
    for begun in (1, 2):
        record = await store.mark_running(job.id)
        assert record is not None
        assert record.attempts == begun
        store = await shelf.opened()
        waiting = await store.recover()
        assert len(waiting) == 2 - begun
    found = await store.get(job.id)
    assert found.state == FAILED
    error = status_pb2.Status.FromString(found.error)
    assert error_info(error).reason == "JOB_ATTEMPTS_EXHAUSTED"
    assert "each of its 2 attempts" in error.message


async def test_files_that_no_row_names_are_gone_with_the_next_start(shelf: Shelf) -> None:
    store = await shelf.opened()
    job = await running(store)
    attempt = store.attempt(job)
    await attempt.take(drawn(b"one"))
    await attempt.finish()
    unfinished = store.attempt(job)
    await unfinished.take(drawn(b"half"))
    store = await shelf.opened()
    assert [path.name for path in store.files.iterdir()] == [f"{job.id}.inputs"]
    assert list((shelf.folder / "new").iterdir()) == []
    unfinished._new.discard()


# --- Looking -------------------------------------------------------------------------------------


async def test_pages_go_through_all_jobs_once_the_newest_first(store: JobStore) -> None:
    ids = [(await accepted(store, str(number))).id for number in range(7)]
    seen, token = [], ""
    for size in (3, 3, 1):
        page = await store.page(page_size=3, page_token=token)
        assert len(page.records) == size
        seen += [record.id for record in page.records]
        token = page.next_page_token
    assert token == ""
    assert seen == ids[::-1]


async def test_a_new_job_does_not_shift_the_pages_that_are_being_read(store: JobStore) -> None:
    ids = [(await accepted(store, str(number))).id for number in range(4)]
    first = await store.page(page_size=2)
    await accepted(store, "new")
    second = await store.page(page_size=2, page_token=first.next_page_token)
    assert [item.id for item in (*first.records, *second.records)] == ids[::-1]


async def test_a_page_is_of_what_was_asked_for(store: JobStore) -> None:
    await accepted(store, capability="tts", submitter="ada")
    ended = await failed(store, capability="tts", submitter="bob")
    await failed(store, capability="image", submitter="bob")
    assert (await store.page("tts", (FAILED,))).records == (ended,)
    assert len((await store.page("tts")).records) == 2
    assert len((await store.page(states=(FAILED, QUEUED))).records) == 3
    assert len((await store.page(submitter="bob")).records) == 2
    assert (await store.page("nowhere")).records == ()


@pytest.mark.parametrize("token", ["x", "-1", "1_0", " 1", "0x1", "f" * 16, "1.5", "٣"])
async def test_a_token_that_is_none_is_refused(store: JobStore, token: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await store.page(page_token=token)
    assert caught.value.violations[0].field == "page_token"


async def test_a_first_look_has_all_that_go_on_and_the_newest_that_have_ended(
    store: JobStore,
) -> None:
    going = [(await accepted(store, "old")).id]
    over = [(await failed(store, str(number), picture=b"")).id for number in range(205)]
    going.append((await running(store, "new")).id)
    look = [record.id for record in await store.first_look()]
    assert look == [going[1], *over[:4:-1], going[0]]
    assert [record.id for record in await store.first_look(states=(QUEUED,))] == going[:1]
    assert len(await store.first_look("image", (FAILED,))) == 200
    assert await store.first_look("tts") == []
    assert await store.first_look(submitter="ada") == []


async def test_many_are_found_at_once_and_those_that_are_not_there_are_left_out(
    store: JobStore,
) -> None:
    ids = {(await accepted(store, str(number))).id for number in range(3)}
    strangers = [f"stranger-{number}" for number in range(1200)]
    assert {record.id for record in await store.find_all([*strangers, *ids])} == ids
    assert await store.find_all([]) == []


async def test_files_are_found_by_name_or_told_to_come_later(store: JobStore) -> None:
    job = await running(store)
    assert (await store.file(job.id, "inputs/image")).size_bytes == len(b"what came")
    for name in ("results/0", "preview", "thumbnail"):
        with pytest.raises(NotYet):
            await store.file(job.id, name)
    for name in ("inputs/other", "x", "../jobs.sqlite3"):
        with pytest.raises(NotFound):
            await store.file(job.id, name)
    with pytest.raises(NotFound):
        await store.file("nobody", "results/0")
    await store.end(job.id, FAILED, ERROR)
    with pytest.raises(NotFound):
        await store.file(job.id, "results/0")


async def test_a_preview_is_there_while_the_job_runs(store: JobStore) -> None:
    job = await running(store)
    attempt = store.attempt(job)
    await attempt.preview(b"first", "image/jpeg")
    await attempt.preview(b"second", "image/webp")
    preview = await store.file(job.id, "preview")
    assert (preview.data, preview.content_type, preview.in_memory) == (
        b"second",
        "image/webp",
        True,
    )
    assert preview.sha256 == hashlib.sha256(b"second").hexdigest()
    await attempt.discard()
    await store.requeue(job.id, uncount_attempt=False)
    assert store.preview(job.id) is None


async def test_a_job_that_there_is_not_is_not_found(store: JobStore) -> None:
    for look in (store.get, store.request_bytes, store.delete):
        with pytest.raises(NotFound):
            await look("nobody")


async def test_a_request_whose_files_went_meanwhile_is_not_found(store: JobStore) -> None:
    job = await failed(store)
    for file in job.files:
        file.path.unlink()
    with pytest.raises(NotFound):
        await store.request_bytes(job.id)


# --- Making room ---------------------------------------------------------------------------------


async def test_an_ended_job_can_be_deleted_with_its_files_and_no_other(shelf: Shelf) -> None:
    store = await shelf.opened()
    waits, ends = await accepted(store), await accepted(store)
    await run_job(store, ends, b"one")
    with pytest.raises(NotEnded):
        await store.delete(waits.id)
    await store.delete(ends.id)
    assert shelf.gone == [ends.id]
    with pytest.raises(NotFound):
        await store.get(ends.id)
    assert [path.name for path in store.files.iterdir()] == [f"{waits.id}.inputs"]
    assert store.stored_bytes == len(b"what came")


async def test_the_oldest_end_goes_when_too_many_are_kept(shelf: Shelf) -> None:
    store = await shelf.opened(keep_count=2)
    first, second, third = [await accepted(store, name) for name in "abc"]
    for job in (second, first, third):
        await run_job(store, job, b"one")
    assert shelf.gone == [second.id]
    assert store.evicted_total == 1
    assert {record.id for record in (await store.page()).records} == {first.id, third.id}


async def test_what_is_too_large_together_goes_and_never_what_has_not_ended(
    shelf: Shelf,
) -> None:
    store = await shelf.opened(keep_mib=1)
    large = bytes(600_000)
    waits = await accepted(store, picture=large)
    first = await run_job(store, await accepted(store, picture=b""), large)
    assert shelf.gone == []
    second = await run_job(store, await accepted(store, picture=b""), large)
    assert shelf.gone == [first.id]
    assert {record.id for record in (await store.page()).records} == {waits.id, second.id}


async def test_what_is_too_old_goes_at_the_next_start_too(shelf: Shelf) -> None:
    store = await shelf.opened()
    job = await failed(store)
    store = await shelf.opened(keep_days=1e-9)
    assert shelf.gone == [job.id]


async def test_many_can_go_at_once(shelf: Shelf) -> None:
    store = await shelf.opened()
    for number in range(30):
        await failed(store, str(number), picture=b"")
    store = await shelf.opened(keep_count=3)
    assert len(shelf.gone) == 27
    assert store.evicted_total == 27
    assert store.counts()["image", FAILED] == 3


async def test_ends_at_the_same_time_count_what_they_evict_once(shelf: Shelf) -> None:
    store = await shelf.opened(keep_count=1)
    jobs = [await accepted(store, str(number)) for number in range(10)]
    await asyncio.gather(*(store.end(job.id, FAILED, ERROR) for job in jobs))
    assert len(shelf.gone) == len(set(shelf.gone)) == store.evicted_total == 9


async def test_counts_and_bytes_are_the_same_after_a_start(shelf: Shelf) -> None:
    store = await shelf.opened()
    await accepted(store)
    await run_job(store, await accepted(store), b"one", b"two")
    await failed(store)
    counts, stored_bytes = dict(store.counts()), store.stored_bytes
    store = await shelf.opened()
    positive = {key: number for key, number in counts.items() if number}
    assert dict(store.counts()) == positive
    assert store.stored_bytes == stored_bytes


# --- Its life ------------------------------------------------------------------------------------


async def test_a_folder_in_use_is_refused(store: JobStore, shelf: Shelf) -> None:
    with pytest.raises(SettingsError, match="in use by another gateway"):
        await open_store(shelf.folder)


async def test_another_database_does_not_take_the_folders_files(shelf: Shelf) -> None:
    store = await shelf.opened()
    job = await run_job(store, await accepted(store), b"one")
    elsewhere = f"sqlite:///{shelf.folder.parent / 'other.sqlite3'}"
    with pytest.raises(SettingsError, match=r"jobs\.database"):
        await shelf.opened(database=elsewhere)
    store = await shelf.opened()
    assert content(await store.get(job.id), "results/0") == b"one"


async def test_after_its_end_it_says_so(store: JobStore) -> None:
    await store.close()
    with pytest.raises(ShuttingDown):
        await store.page()
