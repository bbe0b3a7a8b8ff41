"""A checked request for a clip, and the checks. Knows the proto's fields and a model's card."""

import math
import secrets
from dataclasses import dataclass

from PIL import Image

from atelier.videogen.v1 import videogen_pb2
from services.common.pictures import fitted, read_picture
from services.diffusion.spans import Complaints, Reach, Span
from services.videogen.card import RATES, VideoCard

FORMATS = {"mp4": "video/mp4", "webm": "video/webm"}
MAX_PROMPT_CHARACTERS = 4000
_DEFAULT_PREVIEW_STEPS = 5
_SEEDS = 2**32
_PLAIN_FIELDS = ("prompt", "negative_prompt")
_OPTIONAL_FIELDS = ("guidance_scale", "motion_strength")


@dataclass(frozen=True)
class Order:
    """What to film; every field is set and within the model's limits."""

    picture: Image.Image
    """The first frame, RGB, of the order's width and height."""
    prompt: str
    negative_prompt: str
    num_frames: int
    frames_per_second: int
    width: int
    height: int
    steps: int
    guidance_scale: float
    motion_strength: float
    """From 0 to 1."""
    seed: int
    format: str
    preview_every_steps: int
    """0 for none."""
    warnings: tuple[str, ...]
    checked_by_card: bool = True
    """False if nothing was known of the model when the request was checked."""


def read_order(
    request: videogen_pb2.GenerateVideoRequest, card: VideoCard, *, max_input_pixels: int
) -> Order:
    """Checks a request against the model's card; decodes the picture, so it may take a second.

    Raises InvalidArgument with everything that is wrong; the picture is opened last.
    """
    given = _Given(request, card)
    complaints = Complaints()
    _check_support(request, card, complaints)
    _check_words(request, complaints)
    complaints.require("num_frames", given.num_frames, card.frame_counts)
    complaints.require("frames_per_second", given.frames_per_second, RATES)
    complaints.require("width", given.width, card.widths)
    complaints.require("height", given.height, card.heights)
    complaints.require("steps", given.steps, card.step_counts)
    complaints.require("guidance_scale", given.guidance_scale, card.guidance_scales)
    complaints.require("motion_strength", given.motion_strength, Reach(0, 1))
    complaints.require("preview_every_steps", given.preview_every_steps, Span(0, 2**31 - 1))
    if request.format and request.format not in FORMATS:
        complaints.add("format", f"must be one of {', '.join(FORMATS)}, not '{request.format}'")
    complaints.raise_any()
    picture = read_picture(request.image, field="image", max_pixels=max_input_pixels)
    return Order(
        picture=fitted(picture, given.width, given.height),
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        num_frames=given.num_frames,
        frames_per_second=given.frames_per_second,
        width=given.width,
        height=given.height,
        steps=given.steps,
        guidance_scale=given.guidance_scale,
        motion_strength=given.motion_strength,
        seed=request.seed if request.HasField("seed") else secrets.randbelow(_SEEDS),
        format=request.format or "mp4",
        preview_every_steps=given.preview_every_steps,
        warnings=tuple(_warnings(request, card, given, picture)),
        checked_by_card=card.complete,
    )


class _Given:
    """The request's numbers with the model's defaults for those left out."""

    def __init__(self, request: videogen_pb2.GenerateVideoRequest, card: VideoCard) -> None:
        def pick(field: str, default: float) -> float:
            return getattr(request, field) if request.HasField(field) else default

        self.num_frames = int(pick("num_frames", card.num_frames))
        self.frames_per_second = int(pick("frames_per_second", card.frames_per_second))
        self.width = int(pick("width", card.width))
        self.height = int(pick("height", card.height))
        self.steps = int(pick("steps", card.steps))
        self.guidance_scale = pick("guidance_scale", card.guidance_scale)
        self.motion_strength = pick("motion_strength", card.motion_strength)
        self.preview_every_steps = int(pick("preview_every_steps", _DEFAULT_PREVIEW_STEPS))


def _check_support(
    request: videogen_pb2.GenerateVideoRequest, card: VideoCard, complaints: Complaints
) -> None:
    used = [name for name in _PLAIN_FIELDS if getattr(request, name)]
    used += [name for name in _OPTIONAL_FIELDS if request.HasField(name)]
    for name in used:
        if name not in card.supported:
            complaints.add(name, f"this model ({card.pipeline}) takes none; leave it out")


def _check_words(request: videogen_pb2.GenerateVideoRequest, complaints: Complaints) -> None:
    for field in _PLAIN_FIELDS:
        length = len(getattr(request, field))
        if length > MAX_PROMPT_CHARACTERS:
            complaints.add(
                field, f"has {length} characters; at most {MAX_PROMPT_CHARACTERS} are taken"
            )


def _warnings(
    request: videogen_pb2.GenerateVideoRequest,
    card: VideoCard,
    given: _Given,
    picture: Image.Image,
) -> list[str]:
    warnings = card.words.warnings(request.prompt)
    if request.negative_prompt and given.guidance_scale <= 1:
        warnings.append("negative_prompt changes nothing at a guidance_scale of 1 or less")
    shape = math.log((picture.width / picture.height) / (given.width / given.height))
    if abs(shape) > math.log(1.1):
        warnings.append(
            f"the picture was cut from {picture.width} x {picture.height} to the shape of"
            f" {given.width} x {given.height}"
        )
    return warnings
