"""A record of the health map as the message that clients get."""

from google.protobuf.timestamp_pb2 import Timestamp

from atelier.gateway.v1 import gateway_pb2
from services.gateway.monitor import Monitor
from services.gateway.record import Failure
from services.gateway.verdict import Verdict


def capability_message(monitor: Monitor) -> gateway_pb2.Capability:
    """The capability with its evidence as it is now."""
    record = monitor.record
    message = gateway_pb2.Capability(
        name=monitor.name,
        state=record.state.value,
        service=monitor.service,
        since=_timestamp(record.since),
        consecutive_failures=record.consecutive_failures,
        verdicts=gateway_pb2.VerdictCounts(
            success=record.verdicts[Verdict.SUCCESS],
            failure=record.verdicts[Verdict.FAILURE],
            neutral=record.verdicts[Verdict.NEUTRAL],
            offline=record.verdicts[Verdict.OFFLINE],
        ),
        calls_running=record.calls_running,
        unavailable_reason=record.unavailable_reason,
    )
    if record.last_success is not None:
        message.last_success.CopyFrom(_timestamp(record.last_success))
    if record.last_failure is not None:
        message.last_failure.CopyFrom(_failure(record.last_failure))
    return message


def _failure(failure: Failure) -> gateway_pb2.Failure:
    return gateway_pb2.Failure(
        time=_timestamp(failure.time),
        code=failure.code,
        reason=failure.reason,
        message=failure.message,
    )


def _timestamp(seconds: float) -> Timestamp:
    # Milliseconds: finer digits would only be noise to a reader.
    message = Timestamp()
    message.FromMilliseconds(round(seconds * 1000))
    return message
