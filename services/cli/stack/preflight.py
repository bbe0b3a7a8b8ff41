"""Finds out, before anything is started, why a stack could not run."""

import errno
import socket

import psutil

from services.cli.complaint import ComplaintError
from services.cli.stack.plan import Port, Process
from services.common.models import resolve_model
from services.common.settings import SettingsError


def require_free_ports(processes: tuple[Process, ...]) -> None:
    """Raises ComplaintError for the first port that a process could not listen on."""
    for process in processes:
        for port in process.ports if process.exists else ():
            _require_free(port)


def require_models(processes: tuple[Process, ...]) -> None:
    """Raises ComplaintError for the first model that is nowhere; call it after preparing."""
    for process in processes:
        if not (process.exists and process.model):
            continue
        try:
            resolve_model(process.model)
        except SettingsError as error:
            raise ComplaintError(f"capabilities.{process.name}.{error}") from None


def _require_free(port: Port) -> None:
    if port.number == 0:
        raise ComplaintError(f"{port.key}: 0 is no port to run on; set {port.variable}=<port>")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            port.host.strip("[]"), port.number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As a server binds: what only lingers in TIME_WAIT is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise ComplaintError(f"{port.key}: '{port.host}' is no host that can be found") from None
    except OSError as error:
        raise ComplaintError(_port_complaint(port, error)) from None


def _port_complaint(port: Port, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = _listener(port.number)
        by = f" by {owner}" if owner else ""
        return (
            f"port {port.number} ({port.key}) is taken{by}; end that, or choose another: "
            f"{port.variable}={port.number + 1000}"
        )
    if error.errno == errno.EACCES:
        return f"port {port.number} ({port.key}) needs more rights; choose one above 1023"
    table = port.key.rpartition(".")[0]
    return f"{table}.host: cannot listen on {port.host}:{port.number}: {error.strerror}"


def _listener(number: int) -> str:
    """The process that listens on a port, for people; empty if we may not know."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            local = connection.laddr
            if connection.status == psutil.CONN_LISTEN and local and local.port == number:
                if connection.pid is None:
                    return ""
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return ""
