"""Routes of OpenAI's API that are not offered: they say so, in the shape that clients read."""

from collections.abc import Collection

from aiohttp import web

from services.gateway.openai.errors import ApiError
from services.gateway.openai.exchange import spoken

OFFERED = (
    "GET /v1/models, POST /v1/chat/completions, POST /v1/audio/speech, "
    "POST /v1/images/generations, and /v1/videos (create, retrieve, list, delete, content)"
)
OWN = ("audio", "chat", "images", "models", "videos")
"""First words of paths under which routes are offered."""
OTHER = (
    "assistants",
    "batches",
    "chatkit",
    "completions",
    "containers",
    "content_provenance_checks",
    "conversations",
    "decisions",
    "embeddings",
    "evals",
    "files",
    "fine_tuning",
    "live",
    "moderations",
    "organization",
    "projects",
    "realtime",
    "responses",
    "safety",
    "skills",
    "threads",
    "uploads",
    "vector_stores",
)
"""First words of paths that OpenAI has beside them."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def speaks_openai(path: str) -> bool:
    """Whether a path's errors are told in OpenAI's shape."""
    parts = path.split("/", 3)
    return parts[:2] == ["", "v1"] and len(parts) > 2 and parts[2] in (*OWN, *OTHER)


def routes(taken: Collection[str]) -> list[web.RouteDef]:
    """Routes for all that is not offered, but for the first words that are taken by others."""
    words = "|".join(word for word in (*OWN, *OTHER) if word not in taken)
    path = f"/v1/{{word:({words})}}{{rest:(/.*)?}}"
    return [web.route(method, path, spoken(_not_offered)) for method in _METHODS]


async def _not_offered(request: web.Request) -> web.StreamResponse:
    path = request.path[:200]
    raise ApiError(
        404,
        f"{request.method} {path} is not offered here; what is: {OFFERED}.",
        code="unknown_url",
    )
