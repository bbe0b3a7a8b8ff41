"""Addresses that a process listens on, and the metrics port. Knows no gRPC and no settings file."""

import socket
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from services.common.grpc_options import address
from services.common.settings_table import SettingsError


def require_free(host: str, port: int, key: str) -> None:
    """Raises SettingsError, naming the setting `key`, if the address cannot be listened on.

    gRPC only says that it could not, after two lines of its own on standard error.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise _cannot_listen(host, port, key, error) from None


def serve_metrics(host: str, port: int, registry: CollectorRegistry, key: str) -> WSGIServer:
    """Serves /metrics of `registry` in a thread of its own.

    Raises SettingsError, naming the setting `key`, if the address cannot be listened on.
    """
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise _cannot_listen(host, port, key, error) from None
    return server


def _cannot_listen(host: str, port: int, key: str, error: OSError) -> SettingsError:
    reason = error.strerror or str(error)
    return SettingsError(
        key, f"{address(host, port)} cannot be listened on ({reason}); choose another"
    )
