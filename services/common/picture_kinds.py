"""Which picture format bytes have, by how they begin. Opens nothing, and needs no library."""

_SIGNATURES = {
    "PNG": (0, b"\x89PNG\r\n\x1a\n"),
    "JPEG": (0, b"\xff\xd8\xff"),
    "WEBP": (8, b"WEBP"),
}


def picture_kind(data: bytes) -> str | None:
    """Pillow's name of the format, by the first bytes; None if it is not one of ours."""
    for kind, (place, signature) in _SIGNATURES.items():
        if data[place : place + len(signature)] == signature:
            return kind
    return None
