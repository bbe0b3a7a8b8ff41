"""Who is at the other end of a mutual TLS connection: lets only one name pass.

A certificate of the right authority is not enough: workers have such certificates too.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from services.common.errors import PermissionDenied

Admit = Callable[[grpc.aio.ServicerContext[Any, Any]], None]
"""Looks at a call before it begins; raises an AtelierError if it may not."""

_NAMES = "x509_subject_alternative_name"


def only_from(name: str) -> Admit:
    """Lets calls pass whose client's certificate holds the DNS name.

    They raise PermissionDenied otherwise, with the reason NOT_THE_GATEWAY.
    """
    wanted = name.encode()

    def admit(context: grpc.aio.ServicerContext[Any, Any]) -> None:
        if wanted not in context.auth_context().get(_NAMES, ()):
            raise PermissionDenied(
                "this worker takes calls from its gateway only; call the gateway",
                reason="NOT_THE_GATEWAY",
            )

    return admit
