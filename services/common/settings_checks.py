"""Checks that several settings tables share. Each raises SettingsError, naming the setting."""

import re
from collections.abc import Iterable, Sequence

from services.common.settings_table import SettingsError


def require_ports(where: str, **ports: int) -> None:
    """Each is a port, or 0 for any free one."""
    for key, port in ports.items():
        if not 0 <= port <= 65535:
            raise SettingsError(f"{where}.{key}", f"{port} is no port; use 1 to 65535")


def require_positive(where: str, **values: float) -> None:
    """Each is more than 0."""
    for key, value in values.items():
        if not value > 0:
            raise SettingsError(f"{where}.{key}", f"must be more than 0, not {value}")


def require_not_negative(where: str, **values: float) -> None:
    """Each is 0 or more."""
    for key, value in values.items():
        if value < 0:
            raise SettingsError(f"{where}.{key}", f"must be 0 or more, not {value}")


def require_one_of(where: str, key: str, value: str, choices: Sequence[str]) -> None:
    """The value is one of the words."""
    if value not in choices:
        raise SettingsError(f"{where}.{key}", f"{value!r} is none of {', '.join(choices)}")


def require_message_size(where: str, max_message_mib: int) -> None:
    """The limit fits gRPC, which keeps it in a signed 32-bit number of bytes."""
    require_positive(where, max_message_mib=max_message_mib)
    if max_message_mib > 2047:
        raise SettingsError(
            f"{where}.max_message_mib", f"must be at most 2047, not {max_message_mib}"
        )


def require_host(where: str, host: str) -> None:
    """A name or an address alone: no scheme, no port, no brackets."""
    ipv6 = re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?", host)
    if not ipv6 and not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise SettingsError(
            f"{where}.host", f"{host!r} is no host; write a name or an address, without a port"
        )


def require_dns_name(where: str, key: str, name: str) -> None:
    """A name as certificates hold it."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*", name):
        raise SettingsError(f"{where}.{key}", f"{name!r} is no DNS name")


def require_url(where: str, key: str, url: str) -> None:
    """An http or https URL without a query, or nothing."""
    if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise SettingsError(f"{where}.{key}", f"{url!r} is no URL as in https://host/path")


def require_service(where: str, service: str) -> None:
    """The full name of a gRPC service."""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", service):
        raise SettingsError(
            f"{where}.service", f"{service!r} is no full service name; write it as package.Service"
        )


def require_distinct(ports: Iterable[tuple[str, str, int]]) -> None:
    """No two settings, each with its key, host and port, name the same address; 0 is any."""
    used: dict[tuple[str, int], str] = {}
    for key, host, port in ports:
        if port and (host, port) in used:
            raise SettingsError(key, f"{port} is taken by {used[host, port]}; choose another")
        used[host, port] = key
