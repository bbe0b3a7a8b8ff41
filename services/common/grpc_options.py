"""What both ends of a hop agree on: how an address is written, and the channel arguments.

The keepalive figures find a frozen peer under a running call within seconds and send nothing on
an idle connection; see https://github.com/grpc/grpc/blob/master/doc/keepalive.md.
"""

_LONGEST_MS = 2**31 - 1


def address(host: str, port: int) -> str:
    """Host and port as gRPC takes them; an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def message_limits(max_message_mib: int) -> list[tuple[str, int]]:
    """Limits on messages in both directions."""
    limit = max_message_mib * 1024 * 1024
    return [("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)]


def server_options(max_message_mib: int) -> list[tuple[str, int]]:
    """Options of a server: tolerates its clients' pings, refuses a port that is taken, and bounds
    what a connection may cost before and during its calls.
    """
    return [
        *message_limits(max_message_mib),
        ("grpc.so_reuseport", 0),
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.max_concurrent_streams", 1000),
        ("grpc.max_metadata_size", 8 * 1024),
        ("grpc.absolute_max_metadata_size", 16 * 1024),
        ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        ("grpc.http2.max_ping_strikes", 0),
    ]


def face_options(max_message_mib: int) -> list[tuple[str, int]]:
    """Options of a server for anybody's clients: those that do nothing are let go in the end."""
    return [*server_options(max_message_mib), ("grpc.max_connection_idle_ms", 600_000)]


def _milliseconds(seconds: float) -> int:
    return round(min(seconds * 1000, _LONGEST_MS))


def client_options(
    max_message_mib: int, keepalive_seconds: float, reconnect_max_seconds: float
) -> list[tuple[str, int]]:
    """Options of a channel to a worker."""
    keepalive_ms = _milliseconds(keepalive_seconds)
    reconnect_ms = _milliseconds(reconnect_max_seconds)
    return [
        *message_limits(max_message_mib),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", keepalive_ms),
        ("grpc.http2.ping_timeout_ms", keepalive_ms),
        ("grpc.keepalive_permit_without_calls", 0),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", min(100, reconnect_ms)),
        ("grpc.min_reconnect_backoff_ms", max(1000, reconnect_ms)),
        ("grpc.max_reconnect_backoff_ms", reconnect_ms),
        # The connection tells for free whether the worker is there, so it is never given up.
        ("grpc.client_idle_timeout_ms", _LONGEST_MS),
        # A task must not run twice, nor its outcome be hidden by a second try.
        ("grpc.enable_retries", 0),
        # Workers are named by address; a proxy from the environment is not for them.
        ("grpc.enable_http_proxy", 0),
    ]
