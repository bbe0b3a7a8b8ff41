"""Which gateway to talk to, and the channel to it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc

from services.cli.stack.plan import reachable_host
from services.common.settings import load_settings

VARIABLE = "ATELIER_GATEWAY"


def gateway_address(named: str | None, env: Mapping[str, str] = os.environ) -> str:
    """The option, else ATELIER_GATEWAY, else what the settings say. Raises SettingsError."""
    if named or env.get(VARIABLE):
        return named or env[VARIABLE]
    gateway = load_settings(env=env).gateway
    return f"{reachable_host(gateway.host)}:{gateway.grpc_port}"


@contextmanager
def gateway_channel(address: str, max_message_mib: int = 64) -> Iterator[grpc.Channel]:
    """A channel that is closed at the end; it connects with the first call."""
    options = [
        ("grpc.max_receive_message_length", max_message_mib * 1024 * 1024),
        # A gateway that is frozen or whose host is gone is noticed under a running call.
        ("grpc.keepalive_time_ms", 5000),
        ("grpc.keepalive_timeout_ms", 5000),
        ("grpc.http2.ping_timeout_ms", 5000),
        ("grpc.http2.max_pings_without_data", 0),
        # A proxy of the environment is for the web, not for a gateway.
        ("grpc.enable_http_proxy", 0),
    ]
    with grpc.insecure_channel(address, options=options) as channel:
        yield channel
