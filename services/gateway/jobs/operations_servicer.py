"""google.longrunning.Operations: jobs for those who know no more of them than that they end.

Never touches the call's context, so that both faces can call it.
"""

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.empty_pb2 import Empty

from services.common.errors import FieldViolation, InvalidArgument, NotFound
from services.gateway.jobs.filters import read_filter
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.messages import OPERATIONS, operation_message
from services.gateway.jobs.servicer import checked_page_size


class OperationsServicer(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # it has no types
    """Serves jobs as operations named "operations/<id>"."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: object
    ) -> operations_pb2.Operation:
        """The operation as it is now. Raises NotFound."""
        return operation_message(await self._jobs.get(_id(request.name)))

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: object
    ) -> operations_pb2.ListOperationsResponse:
        """A page, the newest first. Raises InvalidArgument for a filter that cannot be read."""
        if request.name not in ("", "operations"):
            raise InvalidArgument(FieldViolation("name", "must be 'operations' or empty"))
        wanted = read_filter(request.filter)
        size = checked_page_size(request.page_size)
        if wanted.nothing:
            return operations_pb2.ListOperationsResponse()
        found, token = await self._jobs.page(
            wanted.capability, wanted.states, size, request.page_token
        )
        operations = [operation_message(job) for job in found]
        return operations_pb2.ListOperationsResponse(operations=operations, next_page_token=token)

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: object
    ) -> operations_pb2.Operation:
        """The operation once it is done, or as it is after the timeout, if there is one.

        Raises NotFound, and InvalidArgument for a timeout below 0.
        """
        timeout = request.timeout
        seconds = timeout.seconds + timeout.nanos / 1e9 if request.HasField("timeout") else None
        if seconds is not None and seconds < 0:
            raise InvalidArgument(FieldViolation("timeout", "must be at least 0 s"))
        return operation_message(await self._jobs.wait(_id(request.name), seconds))

    async def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, context: object
    ) -> Empty:
        """Tells it to stop; one that is done stays as it is. Raises NotFound."""
        await self._jobs.cancel(_id(request.name))
        return Empty()

    async def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, context: object
    ) -> Empty:
        """Deletes one that is done, with its files. Raises NotFound, NotEnded."""
        await self._jobs.delete(_id(request.name))
        return Empty()


def _id(name: str) -> str:
    if not name.startswith(OPERATIONS):
        raise NotFound("operation", name[:64])
    return name.removeprefix(OPERATIONS)
