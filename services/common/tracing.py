"""Spans of what a process does, for whoever traces calls; nothing at all unless it is told to.

`tracing.active` is the tracer in force. The one that is there at first records nothing, and only
start() imports what does: a process that traces nobody never loads OpenTelemetry. Ask for it where
it is needed (`tracing.active.span(...)`), since start() puts another in its place.

Moments are those of time.monotonic(), in seconds.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from services.common import call_id
from services.common.settings_telemetry import TelemetrySettings

Value = str | int | float | bool
Attributes = Mapping[str, Value]
Metadata = Sequence[tuple[str, str | bytes]]

CALL_ID = f"atelier.{call_id.FIELD}"
"""The attribute that holds the call's id."""


class Span:
    """A part of a call with its time; this one records nothing. As a context it ends with it."""

    def set(self, name: str, value: Value) -> None:
        """Gives it an attribute."""

    def rename(self, name: str) -> None:
        """Gives it another name, once more is known."""

    def fail(self, kind: str) -> None:
        """Marks it as failed; `kind` is a code or the name of an error, of a small set."""

    def end(self, at: float | None = None) -> None:
        """It ends now, or ended at `at`; another end changes nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return


NOTHING = Span()
"""The span of a tracer that records nothing."""


class Tracer:
    """Records nothing. What each method records is told for those that do."""

    records = False
    """Whether anything is recorded, for those who would prepare something only for that."""

    def span(self, name: str, attributes: Attributes | None = None) -> AbstractContextManager[Span]:
        """A part of what the running task or thread does, as a context; it is current inside.

        An error that ends the context marks it as failed, a cancellation does not. The context
        must not contain a `yield`: a generator's steps may run in different tasks.
        """
        return NOTHING

    def begin(
        self, name: str, attributes: Attributes | None = None, parent: Span | None = None
    ) -> Span:
        """A part of `parent`, or of the current span, that is not current itself; end() it."""
        return NOTHING

    def record(
        self,
        name: str,
        began: float,
        ended: float,
        attributes: Attributes | None = None,
        parent: Span | None = None,
    ) -> None:
        """A part that has ended already."""

    def server(
        self, name: str, metadata: Metadata, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A call that is served here, as a context; it continues the trace of its metadata.

        It is current inside. Errors pass without a mark: the caller says how the call came out.
        """
        return NOTHING

    def client(
        self, name: str, metadata: list[tuple[str, str | bytes]], attributes: Attributes
    ) -> Span:
        """A call that is sent from here; the metadata is changed so that its server continues it.

        The current span learns the call's id, which a face may not have known.
        """
        return NOTHING

    def root(self, name: str, follows: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """The beginning of a trace of its own, as a context; it is current inside.

        It links to the span that `follows` names, as traceparent() gave it; none if that is "".
        Errors mark it as they do in span().
        """
        return NOTHING

    def current(self) -> Span:
        """The span that the running task or thread is in."""
        return NOTHING

    def traceparent(self) -> str:
        """The current span as W3C's header names it; "" if there is none."""
        return ""

    def ids(self) -> tuple[str, str] | None:
        """The trace and the span that the running task or thread is in, in hexadecimal digits."""
        return None

    def close(self) -> None:
        """Sends what has been recorded, for a short time at most, and records no more."""


active: Tracer = Tracer()
"""The tracer in force."""


def start(settings: TelemetrySettings, process: str) -> None:
    """Begins to record what the process of that name does, if the settings ask for it.

    Raises SettingsError for variables of OpenTelemetry that cannot work.
    """
    global active  # noqa: PLW0603  # as logging has its root logger
    if not settings.traces:
        return
    from services.common.tracing_otel import open_tracer  # noqa: PLC0415  # dear, and seldom needed

    active = open_tracer(settings, process)


def stop() -> None:
    """Ends what start() began; blocks for a short time at most. For the end of the process."""
    global active  # see start()
    tracer, active = active, Tracer()
    tracer.close()
