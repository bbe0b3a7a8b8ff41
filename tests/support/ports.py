"""Ports for servers that a test starts with a number of its choice."""

import itertools
import os
import socket

FIRST, LAST = 10_000, 32_000
"""Below those that the system gives to outgoing connections, which would take one meanwhile."""

_turn = itertools.count(os.getpid() * 2_003)


def free_port() -> int:
    """A port of the loopback that nobody listens on now, and that this process got only once."""
    for number in itertools.islice(_turn, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"no port from {FIRST} to {LAST} is free")
