"""Talks to a running supervisord over its socket. Knows its XML-RPC, no settings."""

import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from services.cli.complaint import ComplaintError

ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessState:
    """A process as supervisor sees it."""

    name: str
    state: str
    """Supervisor's word: "RUNNING", "STARTING", "BACKOFF", "STOPPED", "FATAL" ..."""
    pid: int
    """0 while it does not run."""
    since: float
    """Unix time of the last start or stop."""
    exit_status: int

    @property
    def is_up(self) -> bool:
        """Whether there is a process, be it just starting."""
        return self.state in ("STARTING", "RUNNING")


class Supervision:
    """A client of the supervisord that listens on `socket_path`."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def pid(self) -> int | None:
        """The process id of supervisord; None if none listens."""
        try:
            return cast("int", self._call("getPID"))
        except (OSError, http.client.HTTPException):
            return None

    def states(self) -> dict[str, ProcessState]:
        """The state of each process by name."""
        answer = cast("list[dict[str, Any]]", self._call("getAllProcessInfo"))
        return {item["name"]: _state(item) for item in answer}

    def restart(self, name: str, stop_wait_seconds: float) -> None:
        """Stops a process, waiting for its end, and starts it again.

        Raises ComplaintError if it does not come up.
        """
        try:
            if self.states()[name].is_up:
                self._call("stopProcess", name, True, timeout=stop_wait_seconds + ANSWER_SECONDS)
            self._call("startProcess", name, True, timeout=60.0)
        except xmlrpc.client.Fault as fault:
            raise ComplaintError(
                f"{name} does not start ({fault.faultString}); see `atelier logs {name}`"
            ) from None

    def shut_down(self) -> None:
        """Tells supervisord to stop all processes and end; returns at once."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: Any, timeout: float = ANSWER_SECONDS) -> Any:
        transport = _SocketTransport(self._socket_path, timeout)
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


class _SocketTransport(xmlrpc.client.Transport):
    """XML-RPC through a Unix socket, with a time limit."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002
        """The connection to the socket, whatever the host."""
        connection = _SocketConnection(self._path, self._timeout)
        # Where the transport looks for what it has to close.
        self._connection = ("supervisor", connection)
        return connection


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("supervisor", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _state(item: dict[str, Any]) -> ProcessState:
    return ProcessState(
        name=item["name"],
        state=item["statename"],
        pid=item["pid"],
        since=item["start"] if item["pid"] else item["stop"],
        exit_status=item["exitstatus"],
    )
