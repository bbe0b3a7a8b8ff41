"""Puts the OpenAI-shaped API together: which path is served by which handler."""

from collections.abc import Collection

from aiohttp import web

from services.gateway.bridge.backend import Backend
from services.gateway.openai import elsewhere
from services.gateway.openai.calls import Calls
from services.gateway.openai.chat import Chat
from services.gateway.openai.exchange import Options, spoken
from services.gateway.openai.images import Images
from services.gateway.openai.models import Models
from services.gateway.openai.speech import Speech
from services.gateway.openai.videos import Videos
from services.gateway.openai.work import Jobs


def openai_routes(
    backend: Backend, jobs: Jobs, options: Options, taken: Collection[str] = ()
) -> tuple[web.RouteDef, ...]:
    """The routes, for BridgeOptions.extra_routes.

    `taken`: first words below /v1 of other routes, which no route here may hide.
    """
    calls = Calls(backend)
    models = Models(calls)
    chat = Chat(calls, models, options)
    speech = Speech(calls, models, options)
    images = Images(calls, models, jobs, options)
    videos = Videos(models, jobs, options)
    return (
        web.get("/v1/models", spoken(models.listing)),
        web.get("/v1/models/{model:.+}", spoken(models.get)),
        web.post("/v1/chat/completions", spoken(chat.create)),
        web.post("/v1/audio/speech", spoken(speech.create)),
        web.post("/v1/images/generations", spoken(images.generate)),
        web.post("/v1/videos", spoken(videos.create)),
        web.get("/v1/videos", spoken(videos.listing)),
        web.get("/v1/videos/{video}", spoken(videos.retrieve)),
        web.delete("/v1/videos/{video}", spoken(videos.delete)),
        web.get("/v1/videos/{video}/content", spoken(videos.content)),
        *elsewhere.routes(taken),
    )
