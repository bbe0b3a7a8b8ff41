"""google.longrunning.Operations by gRPC: each job under its name, done with a response or error."""

from pathlib import Path

import grpc
import pytest
from google.longrunning import operations_pb2

from atelier.jobs.v1 import jobs_pb2
from tests.support.image_fakes import studio
from tests.support.kept_jobs_gateway import image_row, job_gateway, job_of, order
from tests.support.ports import free_port


async def test_an_operation_goes_on_until_it_has_a_response(tmp_path: Path) -> None:
    async with studio() as worker, job_gateway(tmp_path, image_row(worker.port)) as jobs:
        worker.painter.go.clear()
        job = await jobs.submit()
        name = f"operations/{job.id}"
        get = operations_pb2.GetOperationRequest(name=name)
        going = await jobs.operations.GetOperation(get)
        assert (going.name, going.done) == (name, False)
        assert job_of(going).id == job.id
        wait = operations_pb2.WaitOperationRequest(name=name)
        wait.timeout.FromMilliseconds(1)
        assert not (await jobs.operations.WaitOperation(wait)).done
        worker.painter.go.set()
        done = await jobs.operations.WaitOperation(operations_pb2.WaitOperationRequest(name=name))
        assert done.done
        result = jobs_pb2.JobResult()
        assert done.response.Unpack(result)
        assert result.files[0].name == "results/0"
        assert await jobs.operations.GetOperation(get) == done


async def test_an_operation_that_failed_has_the_error(tmp_path: Path) -> None:
    async with studio() as worker, job_gateway(tmp_path, image_row(worker.port)) as jobs:
        job = await jobs.submit(order(steps=1000))
        wait = operations_pb2.WaitOperationRequest(name=f"operations/{job.id}")
        done = await jobs.operations.WaitOperation(wait)
        assert done.done
        assert done.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_an_ended_operation_can_be_deleted_and_one_that_goes_on_cannot(
    tmp_path: Path,
) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        job = await jobs.submit()
        name = f"operations/{job.id}"
        delete = operations_pb2.DeleteOperationRequest(name=name)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.operations.DeleteOperation(delete)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        await jobs.stopped(job)
        await jobs.operations.DeleteOperation(delete)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.operations.GetOperation(operations_pb2.GetOperationRequest(name=name))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_operations_are_listed_by_a_filter_and_in_pages(tmp_path: Path) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        ids = [(await jobs.submit()).id for _ in range(3)]
        await jobs.stopped(jobs_pb2.Job(id=ids[0]))

        async def listed(**fields: object) -> list[str]:
            request = operations_pb2.ListOperationsRequest(**fields)
            answer = await jobs.operations.ListOperations(request)
            return [operation.name.removeprefix("operations/") for operation in answer.operations]

        assert await listed() == ids[::-1]
        assert await listed(name="operations", filter="done = true") == ids[:1]
        assert await listed(filter='done = false AND metadata.capability = "image"') == ids[:0:-1]
        assert await listed(filter='done = true AND metadata.state = "queued"') == []
        first = await jobs.operations.ListOperations(
            operations_pb2.ListOperationsRequest(page_size=2)
        )
        assert await listed(page_size=2, page_token=first.next_page_token) == ids[:1]


@pytest.mark.parametrize(
    "fields", [{"name": "jobs"}, {"filter": "x"}, {"page_size": 5000}, {"page_token": "?"}]
)
async def test_a_list_that_cannot_be_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.operations.ListOperations(operations_pb2.ListOperationsRequest(**fields))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["", "jobs/x", "operations/", "operations/nobody"])
async def test_a_name_that_is_none_is_not_found(tmp_path: Path, name: str) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        for call, request in (
            (jobs.operations.GetOperation, operations_pb2.GetOperationRequest(name=name)),
            (jobs.operations.WaitOperation, operations_pb2.WaitOperationRequest(name=name)),
            (jobs.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=name)),
            (jobs.operations.DeleteOperation, operations_pb2.DeleteOperationRequest(name=name)),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(request)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
