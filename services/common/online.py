"""Whether a process of this machine is online, for a container's health check. Runs no task.

Knows the settings and grpc.health.v1. Where the port speaks TLS it only connects: the certificate
that such a port wants to see is not this process's.

    python -m services.common.online llm        exit status 0 if the llm worker is online
    python -m services.common.online gateway
"""

import argparse
import socket
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.grpc_options import address
from services.common.settings import Settings, SettingsError, load_settings

TIMEOUT_SECONDS = 5.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def is_serving(host: str, port: int) -> bool:
    """Whether the process answers SERVING. A busy worker does, at once."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address(host, port), options) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def is_open(host: str, port: int) -> bool:
    """Whether somebody listens on the port."""
    try:
        socket.create_connection((host, port), TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


def is_online(name: str, settings: Settings) -> bool:
    """Whether the gateway, or the worker of that name, is online on this machine.

    Raises SettingsError if there is no such process.
    """
    if name == "gateway":
        host, port = settings.gateway.host, settings.gateway.grpc_port
        locked = settings.tls.faces is not None
    else:
        row = next((row for row in settings.capabilities if row.name == name), None)
        if row is None:
            raise SettingsError(f"capabilities.{name}", "is missing; there is no such worker")
        host, port, locked = row.host, row.port, settings.tls.worker is not None
    look = is_open if locked else is_serving
    return look(_LOOPBACK.get(host, host), port)


def main() -> int:
    """Returns the exit status: 0 if the named process is online."""
    parser = argparse.ArgumentParser(description="Look whether a process is online.")
    parser.add_argument("name", help='"gateway" or a capability')
    try:
        return 0 if is_online(parser.parse_args().name, load_settings()) else 1
    except SettingsError as error:
        print(f"atelier: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
