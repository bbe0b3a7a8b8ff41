"""What the HTTP face has of jobs beside the annotated routes: their files, and tasks put off.

The files come with Range and ETag, so that a video seeks and a browser keeps pictures.
"""

import mimetypes

from aiohttp import web
from google.api import http_pb2
from google.longrunning import operations_pb2

from services.common.errors import NotFound
from services.gateway import caller
from services.gateway.bridge.kept_file import kept_file
from services.gateway.bridge.respond_async import Defer, Deferral
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.messages import operation_message
from services.gateway.jobs.record import StoredFile
from services.gateway.jobs.submission import Submission

_EXTENSIONS = {
    "audio/L16": ".pcm",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "image/webp": ".webp",
}
# What a browser may show by itself. Anything else could run scripts as a page of the studios.
_SHOWN = ("image/", "audio/", "video/")
_ACTIVE = ("image/svg",)
# A file of a job never changes; only its job may go.
_LASTING = "private, max-age=31536000, immutable"


WAIT_RULE = http_pb2.HttpRule(
    selector="google.longrunning.Operations.WaitOperation",
    post="/v1/{name=operations/**}:wait",
    body="*",
)
"""The one method of Operations whose proto names no route."""


def deferring(jobs: Jobs) -> Defer:
    """What the bridge does with `Prefer: respond-async`: the task becomes a job."""

    async def defer(task: Deferral) -> operations_pb2.Operation:
        submission = Submission(
            method=task.method,
            request=task.request,
            idempotency_key=task.idempotency_key,
            presence=task.presence,
            on_leave=task.on_leave,
        )
        return operation_message(await jobs.submit(submission, caller.current.get()))

    return defer


def file_routes(jobs: Jobs) -> tuple[web.RouteDef, ...]:
    """The routes of the files, for BridgeOptions.extra_routes."""

    async def serve(request: web.Request, name: str) -> web.StreamResponse:
        job_id = request.match_info["id"]
        file = await jobs.file(job_id, name)
        headers = _headers(request, job_id, file)
        if file.in_memory:
            headers["Cache-Control"] = "no-store"
            return web.Response(body=file.data, headers=headers)
        if not file.path.is_file():  # evicted since
            raise NotFound("file", name[:64])
        return kept_file(request, file.path, headers)

    async def numbered(request: web.Request) -> web.StreamResponse:
        return await serve(request, f"{request.match_info['kind']}/{request.match_info['name']}")

    async def single(request: web.Request) -> web.StreamResponse:
        return await serve(request, request.match_info["name"])

    return (
        web.get("/v1/jobs/{id:[^/:]+}/{kind:results|inputs}/{name:[^/]+}", numbered),
        web.get("/v1/jobs/{id:[^/:]+}/{name:preview|thumbnail}", single),
    )


def file_paths() -> dict[str, dict[str, object]]:
    """What OpenAPI says of these routes."""
    answer = {
        "200": {"description": "The file.", "content": {"*/*": {}}},
        "206": {"description": "A part of it, as Range asks.", "content": {"*/*": {}}},
        "default": {"$ref": "#/components/responses/Failed"},
    }
    found: dict[str, dict[str, object]] = {}
    for path in ("results/{name}", "inputs/{name}", "preview", "thumbnail"):
        names = ["id", *(["name"] if "{" in path else [])]
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        operation = {
            "operationId": f"jobs.{path.partition('/')[0]}",
            "tags": ["atelier.jobs.v1.JobService"],
            "summary": f"A file of a job: its {path.partition('/')[0]}.",
            "parameters": parameters,
            "responses": answer,
        }
        found[f"/v1/jobs/{{id}}/{path}"] = {"get": operation}
    return found


def _headers(request: web.Request, job_id: str, file: StoredFile) -> dict[str, str]:
    shown = file.content_type.startswith(_SHOWN) and not file.content_type.startswith(_ACTIVE)
    kind = "attachment" if "download" in request.query or not shown else "inline"
    return {
        "Content-Type": file.content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'{kind}; filename="{file_name(job_id, file)}"',
        "Cache-Control": _LASTING,
    }


def file_name(job_id: str, file: StoredFile) -> str:
    """A telling name for a downloaded file: "atelier-<job>-0.mp4"."""
    media_type = file.content_type.partition(";")[0].strip()
    extension = _EXTENSIONS.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"
    part = "".join(c if c.isalnum() else "-" for c in file.name.removeprefix("results/"))
    return f"atelier-{job_id}-{part}{extension}"
