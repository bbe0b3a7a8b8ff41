"""POST /v1/images/generations over ImageService: as base64, as a stream, or as URLs of a job."""

import base64
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from atelier.image.v1 import image_pb2
from services.gateway.jobs.submission import Submission
from services.gateway.openai import models, parameters
from services.gateway.openai.bodies import read_json
from services.gateway.openai.calls import Calls
from services.gateway.openai.errors import invalid
from services.gateway.openai.exchange import NAMES, Options, send_events
from services.gateway.openai.streams import event
from services.gateway.openai.values import Int32, Values, folded_seed, read, size
from services.gateway.openai.work import Jobs, finished

_METHOD = "atelier.image.v1.ImageService/GenerateImage"
_NAMES = {"num_images": "n", "width": "size", "height": "size", "format": "output_format"}
_PARTIAL_FORMAT = "jpeg"


class ImageValues(Values):
    """The parameters of a drawing."""

    prompt: str
    model: str | None = None
    n: Int32 = 1
    size: str = "auto"
    response_format: Literal["b64_json", "url"] = "b64_json"
    output_format: Literal["png", "jpeg", "webp"] = "png"
    stream: bool = False
    partial_images: Annotated[int, Field(ge=0, le=3)] = 0
    seed: int | None = None
    negative_prompt: str = ""
    steps: Int32 | None = None
    guidance_scale: float | None = None


class Images:
    """The route's handler."""

    def __init__(self, calls: Calls, known: models.Models, jobs: Jobs, options: Options) -> None:
        self._calls = calls
        self._models = known
        self._jobs = jobs
        self._options = options

    async def generate(self, request: web.Request) -> web.StreamResponse:
        """Draws pictures."""
        given = await read_json(request, self._options.limits)
        asked = read(ImageValues, parameters.accepted(parameters.IMAGE, given))
        if asked.stream and asked.response_format == "url":
            raise invalid("response_format", "a stream brings pictures as 'b64_json' only")
        if asked.partial_images and not asked.stream:
            raise invalid("partial_images", "is only allowed when 'stream' is true")
        request[NAMES] = _NAMES
        message = _request(asked)
        await self._models.check(request, models.IMAGE, asked.model)
        if asked.stream:
            message.preview_every_steps = await self._preview_steps(request, asked)
            events = self._events(request, message, asked)
            return await send_events(request, events, self._options.pace)
        if asked.response_format == "url":
            data = await self._urls(request, message)
        else:
            data = await self._pictures(request, message)
        answer = {"created": int(time.time()), "data": data, "background": "opaque"}
        return web.json_response({**answer, "output_format": asked.output_format})

    async def _pictures(
        self, request: web.Request, message: image_pb2.GenerateImageRequest
    ) -> list[dict[str, object]]:
        async with aclosing(self._drawing(request, message)) as drawing:
            return [
                {"b64_json": _base64(item.image.data), **_told(item.image)}
                async for item in drawing
                if item.HasField("image")
            ]

    async def _urls(
        self, request: web.Request, message: image_pb2.GenerateImageRequest
    ) -> list[dict[str, object]]:
        submission = Submission(method=_METHOD, request=message.SerializeToString())
        job = await finished(self._jobs, submission)
        base = self._options.public_url or f"{request.scheme}://{request.host}"
        drawn = []
        for packed in job.result.messages:
            item = image_pb2.GenerateImageResponse()
            if packed.Unpack(item) and item.HasField("image"):
                drawn.append(item.image)
        return [
            {"url": base.rstrip("/") + file.url, **_told(picture)}
            for file, picture in zip(job.result.files, drawn, strict=True)
        ]

    async def _events(
        self, request: web.Request, message: image_pb2.GenerateImageRequest, asked: ImageValues
    ) -> AsyncGenerator[bytes]:
        partial = 0
        async with aclosing(self._drawing(request, message)) as drawing:
            async for item in drawing:
                if item.HasField("preview") and partial < asked.partial_images:
                    kind = "image_generation.partial_image"
                    frame = _frame(kind, item.preview.data, _PARTIAL_FORMAT, asked.size)
                    yield event({**frame, "partial_image_index": partial}, kind)
                    partial += 1
                elif item.HasField("image"):
                    kind = "image_generation.completed"
                    picture = item.image
                    actual = f"{picture.width}x{picture.height}"
                    frame = _frame(kind, picture.data, asked.output_format, actual)
                    yield event({**frame, "usage": _no_usage(), **_told(picture)}, kind)
                    partial = 0

    async def _preview_steps(self, request: web.Request, asked: ImageValues) -> int:
        """After how many steps each preview comes, so that there are as many as asked for."""
        if not asked.partial_images:
            return 0
        steps = asked.steps
        if steps is None:
            steps = (await self._models.describe(request, models.IMAGE)).defaults.steps
        return max(1, math.ceil(steps / (asked.partial_images + 1)))

    def _drawing(
        self, request: web.Request, message: image_pb2.GenerateImageRequest
    ) -> AsyncGenerator[image_pb2.GenerateImageResponse]:
        return self._calls.events(request, f"/{_METHOD}", message, image_pb2.GenerateImageResponse)


def _request(asked: ImageValues) -> image_pb2.GenerateImageRequest:
    width, height = (None, None) if asked.size == "auto" else size(asked.size)
    return image_pb2.GenerateImageRequest(
        prompt=asked.prompt,
        negative_prompt=asked.negative_prompt,
        width=width,
        height=height,
        steps=asked.steps,
        guidance_scale=asked.guidance_scale,
        num_images=asked.n,
        seed=None if asked.seed is None else folded_seed(asked.seed),
        format=asked.output_format,
        preview_every_steps=0,
    )


def _told(picture: image_pb2.GeneratedImage) -> dict[str, object]:
    """What OpenAI's answers have no place for."""
    return {"seed": picture.seed, "warnings": list(picture.warnings)}


def _frame(kind: str, data: bytes, output_format: str, shown_size: str) -> dict[str, object]:
    return {
        "type": kind,
        "b64_json": _base64(data),
        "background": "opaque",
        "created_at": int(time.time()),
        "output_format": output_format,
        "quality": "auto",
        "size": shown_size,
    }


def _no_usage() -> dict[str, object]:
    """Pictures are not counted in tokens, but clients look for the counts."""
    details = {"image_tokens": 0, "text_tokens": 0}
    counts = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return {**counts, "input_tokens_details": details}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
