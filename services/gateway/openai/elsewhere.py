"""Routes of OpenAI's API that are not offered: they say so, in the shape that clients read."""

from collections.abc import Collection

from aiohttp import web

from services.gateway.openai.errors import ApiError

OFFERED = (
    "GET /v1/models, POST /v1/chat/completions, POST /v1/audio/speech, "
    "POST /v1/images/generations, and /v1/videos (create, retrieve, list, delete, content)"
)
OWN = ("audio", "chat", "images", "models", "videos")
"""First words of paths under which routes are offered."""
OTHER = (
    "agents",
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
    "vaults",
    "vector_stores",
    "webhook_endpoints",
    "webhook_event_types",
)
"""First words of paths that OpenAI has beside them."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def words(taken: Collection[str]) -> frozenset[str]:
    """All of these first words but for those that are taken by other routes."""
    return frozenset((*OWN, *OTHER)) - frozenset(taken)


def is_below(path: str, first_words: Collection[str]) -> bool:
    """Whether a path is below /v1 and one of the words."""
    parts = path.split("/", 3)
    return parts[:2] == ["", "v1"] and len(parts) > 2 and parts[2] in first_words


def routes(first_words: Collection[str]) -> list[web.RouteDef]:
    """Routes for all below the words that is not offered."""
    path = f"/v1/{{word:({'|'.join(sorted(first_words))})}}{{rest:(/(?s:.*))?}}"
    return [web.route(method, path, _not_offered) for method in _METHODS]


async def _not_offered(request: web.Request) -> web.StreamResponse:
    path = request.path[:200]
    raise ApiError(
        404,
        f"{request.method} {path} is not offered here; what is: {OFFERED}.",
        code="unknown_url",
    )
