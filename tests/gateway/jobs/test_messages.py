"""Jobs as callers get them: what they hold in each state, and that they can always be read."""

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, status_pb2

from atelier.image.v1 import image_pb2
from atelier.jobs.v1 import jobs_pb2
from services.gateway.jobs.live import LiveState
from services.gateway.jobs.messages import in_batches, job_message, operation_message
from services.gateway.jobs.record import (
    CANCELLED,
    FAILED,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    JobRecord,
    StoredFile,
)

STRANGE = AnyMessage(type_url="type.googleapis.com/somebody.elses.Thing", value=b"\x0a\x01x")
ERROR = status_pb2.Status(code=code_pb2.INTERNAL, message="broke", details=[STRANGE])


def packed(message: object) -> AnyMessage:
    made = AnyMessage()
    made.Pack(message)  # type: ignore[arg-type]
    return made


REQUEST = packed(image_pb2.GenerateImageRequest(prompt="a"))


def file(name: str) -> StoredFile:
    return StoredFile(name=name, content_type="image/png", size_bytes=3, sha256="ab" * 32)


def record(state: str, **fields: object) -> JobRecord:
    given: dict[str, object] = {
        "id": "j",
        "sequence": 1,
        "capability": "image",
        "method": "m",
        "request": REQUEST.SerializeToString(),
        "state": state,
        "create_time": 1.5,
    }
    return JobRecord(**(given | fields))  # type: ignore[arg-type]


LIVE = LiveState(
    phase="working", queue_position=2, step=3, total_steps=8,
    estimated_remaining_seconds=1.25, waiting_reason="away",
)  # fmt: skip


def test_a_waiting_job_tells_its_place_and_why_it_waits() -> None:
    job = job_message(record(QUEUED), LIVE)
    assert (job.queue_position, job.waiting_reason) == (2, "away")
    assert (job.phase, job.step) == ("", 0)
    assert not job.HasField("estimated_remaining")
    assert not job.HasField("start_time")
    assert job.create_time.ToMilliseconds() == 1500


def test_a_running_job_tells_how_far_it_is() -> None:
    preview = file("preview")
    job = job_message(record(RUNNING, start_time=2.0, cancelling=True), LIVE, preview)
    assert (job.phase, job.step, job.total_steps, job.cancelling) == ("working", 3, 8, True)
    assert job.estimated_remaining.ToMilliseconds() == 1250
    assert not job.HasField("queue_position")
    assert job.preview.url == "/v1/jobs/j/preview?v=abababababab"


def test_an_ended_job_tells_nothing_of_its_way() -> None:
    job = job_message(record(CANCELLED, end_time=3.0, cancelling=True), LIVE, file("preview"))
    assert (job.phase, job.waiting_reason, job.cancelling) == ("", "", False)
    assert not job.HasField("preview")
    assert not job.HasField("queue_position")


def test_files_are_where_their_urls_say() -> None:
    files = (file("inputs/image"), file("results/0"), file("thumbnail"))
    result = jobs_pb2.JobResult(files=[jobs_pb2.JobFile(name="results/0")])
    job = job_message(record(SUCCEEDED, files=files, result=result.SerializeToString()))
    assert [item.url for item in job.inputs] == ["/v1/jobs/j/inputs/image"]
    assert job.thumbnail.url == "/v1/jobs/j/thumbnail"
    assert job.result == result


def test_what_this_gateway_cannot_read_is_left_out_so_that_the_rest_can_be_shown() -> None:
    result = jobs_pb2.JobResult(messages=[STRANGE, REQUEST, STRANGE])
    ended = job_message(
        record(SUCCEEDED, request=STRANGE.SerializeToString(), result=result.SerializeToString())
    )
    failed = job_message(record(FAILED, error=ERROR.SerializeToString()))
    assert not ended.HasField("request")
    assert list(ended.result.messages) == [REQUEST]
    assert (failed.error.message, list(failed.error.details)) == ("broke", [])
    for job in (ended, failed):
        json_format.MessageToDict(job)


def test_an_operation_is_done_with_a_response_or_an_error() -> None:
    going = operation_message(job_message(record(RUNNING)))
    assert (going.name, going.done) == ("operations/j", False)
    assert going.WhichOneof("result") is None
    result = jobs_pb2.JobResult(messages=[REQUEST])
    done = operation_message(job_message(record(SUCCEEDED, result=result.SerializeToString())))
    response = jobs_pb2.JobResult()
    assert done.done
    assert done.response.Unpack(response)
    assert response == result
    failed = operation_message(job_message(record(FAILED, error=ERROR.SerializeToString())))
    assert failed.done
    assert failed.error.message == "broke"
    job = jobs_pb2.Job()
    assert failed.metadata.Unpack(job)
    assert job.state == FAILED


def test_batches_keep_the_order_and_their_size() -> None:
    jobs = [jobs_pb2.Job(id=str(number), method="x" * 400) for number in range(10)]
    batches = list(in_batches(jobs, 1000))
    assert [job.id for batch in batches for job in batch] == [job.id for job in jobs]
    assert [len(batch) for batch in batches] == [2, 2, 2, 2, 2]
    assert [len(batch) for batch in in_batches(jobs, 10)] == [1] * 10
    assert list(in_batches([])) == []
