"""Under which names browsers may reach the bridge: against DNS rebinding.

A foreign page can let its own name point to 127.0.0.1, and is then of the same origin as what it
calls. But the name still stands in the Host header. Addresses cannot be rebound.
"""

import ipaddress
from collections.abc import Collection

import grpc

from services.gateway.bridge.errors import Refused

ANY_HOST = "*"


class Hosts:
    """The names that are ours."""

    def __init__(self, names: Collection[str]) -> None:
        """Take names beside localhost; "*" stands for all."""
        self._names = frozenset(name.lower() for name in names)

    def check(self, host: str) -> None:
        """Raise Refused (403) for a Host header with a name that is not ours."""
        name = _name(host)
        if ANY_HOST in self._names or name in self._names or _is_local(name):
            return
        text = (
            f"this gateway is not known as '{name[:100]}'; "
            "the setting access.allowed_hosts says which names are its own"
        )
        raise Refused(403, grpc.StatusCode.PERMISSION_DENIED, "HOST_NOT_ALLOWED", text)


def _name(host: str) -> str:
    """The host without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
