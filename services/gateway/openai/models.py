"""GET /v1/models, and what `model` may be in a request: a capability's name or its model's.

Asks the workers each time, with a short deadline, and keeps nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web

from atelier.common.v1 import progress_pb2
from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from atelier.tts.v1 import tts_pb2
from atelier.videogen.v1 import videogen_pb2
from services.gateway.bridge.backend import CallFailed
from services.gateway.openai.calls import Calls
from services.gateway.openai.errors import ApiError, invalid

_DEADLINE_SECONDS = 1.0
OWNER = "atelier"

D = TypeVar(
    "D",
    llm_pb2.DescribeModelResponse,
    tts_pb2.DescribeModelResponse,
    image_pb2.DescribeModelResponse,
    videogen_pb2.DescribeModelResponse,
)


@dataclass(frozen=True)
class Family(Generic[D]):
    """A service that has routes here, and how it describes its model."""

    service: str
    description: type[D]
    work: str
    """What its models do, in a word for messages."""


CHAT = Family("atelier.llm.v1.LlmService", llm_pb2.DescribeModelResponse, "chat")
SPEECH = Family("atelier.tts.v1.TtsService", tts_pb2.DescribeModelResponse, "speech")
IMAGE = Family("atelier.image.v1.ImageService", image_pb2.DescribeModelResponse, "pictures")
VIDEO = Family("atelier.videogen.v1.VideogenService", videogen_pb2.DescribeModelResponse, "clips")
FAMILIES: tuple[Family[Any], ...] = (CHAT, SPEECH, IMAGE, VIDEO)


@dataclass(frozen=True)
class Offer:
    """A name that `model` may have."""

    id: str
    capability: str

    def json(self) -> dict[str, object]:
        """As OpenAI's clients read it. When a model was made is not known: 0."""
        return {
            "id": self.id,
            "object": "model",
            "created": 0,
            "owned_by": OWNER,
            "capability": self.capability,
        }


class Models:
    """The models of the capabilities that have routes here."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """Lists the capabilities' names, and their models' where the workers answer."""
        offers = [offer async for offer in self._offers(request)]
        return web.json_response({"object": "list", "data": [offer.json() for offer in offers]})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Describes one model."""
        name = request.match_info["model"]
        offers = [offer async for offer in self._offers(request)]
        for offer in offers:
            if offer.id == name:
                return web.json_response(offer.json())
        raise not_found(name, [offer.id for offer in offers], "here")

    async def check(self, request: web.Request, family: Family[D], model: object) -> str:
        """The name of the model that the request asks for; the capability's if it names none.

        Raises ApiError for a model that the family has not, CallFailed if its worker, which alone
        knows its model's name, does not answer.
        """
        capability = self.capability(family)
        if model is None or model == capability:
            return capability
        if not isinstance(model, str):
            raise invalid("model", "expected a text", "invalid_type")
        own = (await self.describe(request, family)).model.name
        if model != own:
            raise not_found(model, [capability, own], f"for {family.work}")
        return own

    async def describe(self, request: web.Request, family: Family[D]) -> D:
        """What the worker says of its model; raises CallFailed."""
        return await self._calls.answer(
            request,
            f"/{family.service}/DescribeModel",
            llm_pb2.DescribeModelRequest(),  # it is empty for every service
            family.description,
            at_most_seconds=_DEADLINE_SECONDS,
        )

    def capability(self, family: Family[D]) -> str:
        """The name under which the gateway has the family's service; raises ApiError."""
        name = self._calls.capability_of(family.service)
        if name is None:
            raise ApiError(
                404, f"this gateway has no capability for {family.work}", code="model_not_found"
            )
        return name

    async def _offers(self, request: web.Request) -> AsyncIterator[Offer]:
        names = [(family, self._calls.capability_of(family.service)) for family in FAMILIES]
        here = [(family, name) for family, name in names if name is not None]
        models = await asyncio.gather(*(self._model(request, family) for family, _ in here))
        for (_, name), model in zip(here, models, strict=True):
            if model is not None and model.name not in ("", name):
                yield Offer(model.name, name)
            yield Offer(name, name)

    async def _model(
        self, request: web.Request, family: Family[D]
    ) -> progress_pb2.ModelStatus | None:
        try:
            return (await self.describe(request, family)).model
        except CallFailed:
            return None


def not_found(name: str, offered: list[str], where: str) -> ApiError:
    """The 404 for a model that is not there; it names those that are."""
    names = " and ".join(f"'{item}'" for item in offered)
    return ApiError(
        404,
        f"The model '{name[:100]}' does not exist {where}; there is {names}.",
        code="model_not_found",
        param="model",
    )
