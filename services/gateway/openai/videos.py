"""/v1/videos over the gateway's jobs: create, retrieve, list, delete, and the files."""

import base64
import binascii
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from atelier.jobs.v1 import jobs_pb2
from atelier.videogen.v1 import videogen_pb2
from services.common.errors import NotFound
from services.gateway.bridge.backend import CallFailed
from services.gateway.bridge.kept_file import kept_file
from services.gateway.bridge.respond_async import idempotency_key
from services.gateway.caller import current
from services.gateway.jobs.record import ENDED, NotYet
from services.gateway.jobs.submission import Submission
from services.gateway.openai import clips, models, parameters
from services.gateway.openai.bodies import read_json_or_form, read_query
from services.gateway.openai.errors import invalid
from services.gateway.openai.exchange import NAMES, Options
from services.gateway.openai.values import Int32, Values, folded_seed, read
from services.gateway.openai.work import Jobs, ended

_POLL_AFTER_MS = "500"
_SCAN_PAGE = 200
_DATA_URL = "data:"


class VideoValues(Values):
    """The parameters of a clip."""

    prompt: str
    input_reference: bytes | Mapping[str, object]
    model: str | None = None
    seconds: str | float | None = None
    size: str | None = None
    seed: int | None = None
    negative_prompt: str = ""
    steps: Int32 | None = None
    guidance_scale: float | None = None


class ListValues(Values):
    """A page of the list."""

    after: str = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"


class ContentValues(Values):
    """Which file."""

    variant: Literal["video", "thumbnail"] = "video"


class Videos:
    """The routes' handlers."""

    def __init__(self, known: models.Models, jobs: Jobs, options: Options) -> None:
        self._models = known
        self._jobs = jobs
        self._options = options

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Submits a clip as a job."""
        given = await read_json_or_form(request, self._options.limits)
        if given.get("input_reference") is None:
            raise clips.reference_missing()
        kept = parameters.accepted(parameters.VIDEO, given)
        asked = read(VideoValues, _numbers(kept) if _is_form(request) else kept)
        request[NAMES] = clips.NAMES
        await self._models.check(request, models.VIDEO, asked.model)
        message = await self._request(request, asked)
        submission = Submission(
            method=clips.METHOD,
            request=message.SerializeToString(),
            idempotency_key=idempotency_key(request.headers),
        )
        job = await self._jobs.submit(submission, current.get())
        return web.json_response(clips.video(job))

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        """Tells how far a clip is."""
        job = await self._job(request)
        return web.json_response(clips.video(job), headers={"openai-poll-after-ms": _POLL_AFTER_MS})

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """Lists clips, whoever submitted them."""
        given = _numbers(parameters.accepted(parameters.VIDEO_LIST, read_query(request)))
        asked = read(ListValues, given)
        found = await self._page(asked)
        page = [clips.video(job) for job in found[: asked.limit]]
        return web.json_response(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(found) > asked.limit,
            }
        )

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Deletes a clip; one that is not finished is stopped first."""
        job = await self._job(request)
        if job.state not in ENDED:
            await self._jobs.cancel(job.id)
            await ended(self._jobs, job)
        await self._jobs.delete(job.id)
        body = {"id": clips.PREFIX + job.id, "object": "video.deleted", "deleted": True}
        return web.json_response(body)

    async def content(self, request: web.Request) -> web.StreamResponse:
        """Sends the clip, or its thumbnail; with Range, so that a player can seek."""
        asked = read(
            ContentValues, parameters.accepted(parameters.VIDEO_CONTENT, read_query(request))
        )
        job = await self._job(request)
        name = "results/0" if asked.variant == "video" else "thumbnail"
        if job.state != "succeeded" and asked.variant == "video":
            raise clips.not_ready(job)
        try:
            file = await self._jobs.file(job.id, name)
        except (NotFound, NotYet):
            raise clips.not_ready(job) from None
        return kept_file(request, file.path, {"Content-Type": file.content_type})

    async def _job(self, request: web.Request) -> jobs_pb2.Job:
        video_id = request.match_info["video"]
        try:
            job = await self._jobs.get(clips.job_id(video_id))
        except NotFound:
            raise clips.not_found(video_id) from None
        if job.method != clips.METHOD:
            raise clips.not_found(video_id)
        return job

    async def _page(self, asked: ListValues) -> list[jobs_pb2.Job]:
        """The page, and one more if there is one."""
        jobs = self._newest_first()
        if asked.order == "asc":
            jobs = _reversed([job async for job in jobs])
        page: list[jobs_pb2.Job] = []
        begun = not asked.after
        async for job in jobs:
            if begun:
                page.append(job)
            begun = begun or clips.PREFIX + job.id == asked.after
            if len(page) > asked.limit:
                break
        if not begun:
            raise invalid("after", f"there is no video '{asked.after[:100]}'")
        return page

    async def _newest_first(self) -> AsyncGenerator[jobs_pb2.Job]:
        capability = self._models.capability(models.VIDEO)
        token = ""
        while True:
            jobs, token = await self._jobs.page(capability, (), _SCAN_PAGE, token)
            for job in jobs:
                if job.method == clips.METHOD:
                    yield job
            if not token:
                return

    async def _request(
        self, request: web.Request, asked: VideoValues
    ) -> videogen_pb2.GenerateVideoRequest:
        """The whole request. The model's own numbers stand in it, so that clients can read them.

        A job is accepted without its worker as well, unless the worker alone knows what a
        parameter means.
        """
        message = videogen_pb2.GenerateVideoRequest(
            image=_picture(asked.input_reference),
            prompt=asked.prompt,
            negative_prompt=asked.negative_prompt,
            steps=asked.steps,
            guidance_scale=asked.guidance_scale,
            seed=None if asked.seed is None else folded_seed(asked.seed),
        )
        try:
            described = await self._models.describe(request, models.VIDEO)
        except CallFailed:
            if asked.seconds is not None or asked.size is not None:
                raise
            return message
        length = clips.length(asked.seconds, described)
        message.num_frames = length.num_frames
        message.frames_per_second = length.frames_per_second
        message.width, message.height = clips.frame_size(asked.size, described)
        return message


def _is_form(request: web.Request) -> bool:
    return request.content_type.startswith("multipart/")


def _numbers(given: Mapping[str, object]) -> dict[str, object]:
    """A form and a query have texts only: what must be a number is read as one."""
    kinds: dict[str, type[int | float]] = {
        "seed": int,
        "steps": int,
        "limit": int,
        "guidance_scale": float,
    }
    numbers: dict[str, object] = {}
    for name, kind in kinds.items():
        text = given.get(name)
        if isinstance(text, str):
            try:
                numbers[name] = kind(text)
            except ValueError:
                raise invalid(name, "expected a number", "invalid_type") from None
    return {**given, **numbers}


def _picture(reference: bytes | Mapping[str, object]) -> bytes:
    if isinstance(reference, bytes):
        return reference
    url = reference.get("image_url")
    if set(reference) != {"image_url"} or not isinstance(url, str):
        raise invalid(
            "input_reference", "expected a file, or an object with 'image_url' and nothing else"
        )
    head, comma, data = url.partition(",")
    if not (head.startswith(_DATA_URL) and head.endswith(";base64") and comma):
        raise invalid(
            "input_reference.image_url",
            "expected a data URL in base64; nothing is fetched from elsewhere",
        )
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise invalid("input_reference.image_url", "is not base64") from None


async def _reversed(jobs: list[jobs_pb2.Job]) -> AsyncGenerator[jobs_pb2.Job]:
    for job in reversed(jobs):
        yield job
