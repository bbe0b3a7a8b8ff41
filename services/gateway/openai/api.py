"""Puts the OpenAI-shaped API together: which path is served by which handler."""

from collections.abc import Collection

from aiohttp import web

from services.gateway.bridge.backend import Backend
from services.gateway.openai import elsewhere, openapi
from services.gateway.openai.calls import Calls
from services.gateway.openai.chat import Chat
from services.gateway.openai.exchange import Options, told
from services.gateway.openai.images import Images
from services.gateway.openai.models import Models
from services.gateway.openai.speech import Speech
from services.gateway.openai.videos import Videos
from services.gateway.openai.work import Jobs


class OpenAiFace:
    """What the bridge needs of it: BridgeOptions.extra_routes, extra_paths and tell."""

    def __init__(
        self, backend: Backend, jobs: Jobs, options: Options, taken: Collection[str] = ()
    ) -> None:
        """Take the first words below /v1 of other routes, which no route here may hide."""
        self._words = elsewhere.words(taken)
        self.paths = openapi.paths()
        self.routes = (*_routes(backend, jobs, options), *elsewhere.routes(self._words))

    def tell(self, request: web.Request, error: Exception) -> web.Response | None:
        """Any error in OpenAI's shape, if it is on a path of OpenAI's."""
        if not elsewhere.is_below(request.path, self._words):
            return None
        return told(request, error).response()


def _routes(backend: Backend, jobs: Jobs, options: Options) -> tuple[web.RouteDef, ...]:
    calls = Calls(backend)
    models = Models(calls)
    chat = Chat(calls, models, options)
    speech = Speech(calls, models, options)
    images = Images(calls, models, jobs, options)
    videos = Videos(models, jobs, options)
    return (
        web.get("/v1/models", models.listing),
        web.get("/v1/models/{model:.+}", models.get),
        web.post("/v1/chat/completions", chat.create),
        web.post("/v1/audio/speech", speech.create),
        web.post("/v1/images/generations", images.generate),
        web.post("/v1/videos", videos.create),
        web.get("/v1/videos", videos.listing),
        web.get("/v1/videos/{video}", videos.retrieve),
        web.delete("/v1/videos/{video}", videos.delete),
        web.get("/v1/videos/{video}/content", videos.content),
    )
