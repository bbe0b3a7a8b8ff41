"""Addresses that a process listens on, and the metrics port. Knows no gRPC and no settings file."""

import socket
import ssl
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from services.common import tls
from services.common.grpc_options import address
from services.common.settings_table import SettingsError

_PATIENCE_SECONDS = 10.0


def require_free(host: str, port: int, key: str) -> None:
    """Raises SettingsError, naming the setting `key`, if the address cannot be listened on.

    gRPC only says that it could not, after two lines of its own on standard error.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise _cannot_listen(host, port, key, error) from None


def serve_metrics(
    host: str,
    port: int,
    registry: CollectorRegistry,
    key: str,
    identity: tls.LiveIdentity | None = None,
) -> WSGIServer:
    """Serves /metrics of `registry` in a thread of its own, by TLS if it has an identity.

    Raises SettingsError, naming the setting `key`, if the address cannot be listened on.
    """
    kind = _Server6 if ":" in host else ThreadingWSGIServer
    try:
        server = make_server(host, port, make_wsgi_app(registry), kind, _Handler)
    except OSError as error:
        raise _cannot_listen(host, port, key, error) from None
    if identity is not None:
        # The handshake is each connection's own thread's affair: a client that stalls in it must
        # not hold up the next one.
        server.socket = tls.server_context(identity).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Server6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE_SECONDS

    def handle(self) -> None:
        """Serves one request, unless its client gives up or is too slow."""
        try:
            super().handle()
        except (TimeoutError, ConnectionError, ssl.SSLError):
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # the base's name
        """Logs nothing: a scrape every few seconds is no news."""


def _cannot_listen(host: str, port: int, key: str, error: OSError) -> SettingsError:
    reason = error.strerror or str(error)
    return SettingsError(
        key, f"{address(host, port)} cannot be listened on ({reason}); choose another"
    )
