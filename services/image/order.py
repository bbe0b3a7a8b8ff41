"""A checked request for pictures, and the checks. Knows the proto's fields and a model's card."""

import secrets
from dataclasses import dataclass

from PIL import Image

from atelier.image.v1 import image_pb2
from services.common.pictures import fitted, read_picture
from services.diffusion.spans import Complaints, Reach, Span
from services.image.card import ImageCard

FORMATS = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
MAX_PROMPT_CHARACTERS = 4000
_DEFAULT_PREVIEW_STEPS = 5
_SEEDS = 2**32


@dataclass(frozen=True)
class Order:
    """What to draw; every field is set and within the model's limits."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    num_images: int
    seed: int
    scheduler: str
    """Empty for the model's own."""
    format: str
    preview_every_steps: int
    """0 for none."""
    picture: Image.Image | None
    """The picture to start from, RGB, of the order's width and height."""
    strength: float
    warnings: tuple[str, ...]
    checked_by_card: bool = True
    """False if nothing was known of the model when the request was checked."""

    @property
    def steps_to_do(self) -> int:
        """Steps of each picture: fewer than asked for if it starts from a picture."""
        if self.picture is None:
            return self.steps
        return max(1, int(self.steps * self.strength))

    def seed_of(self, index: int) -> int:
        """The seed of the picture with this number."""
        return (self.seed + index) % _SEEDS


def read_order(
    request: image_pb2.GenerateImageRequest,
    card: ImageCard,
    *,
    max_images: int,
    max_input_pixels: int,
) -> Order:
    """Checks a request against the model's card; decodes the picture, so it may take a second.

    Raises InvalidArgument with everything that is wrong; the picture is opened last.
    """
    given = _Given(request, card)
    complaints = Complaints()
    _check_words(request, card, complaints)
    complaints.require("width", given.width, card.widths)
    complaints.require("height", given.height, card.heights)
    complaints.require("steps", given.steps, card.step_counts)
    complaints.require("guidance_scale", given.guidance_scale, card.guidance_scales)
    complaints.require("num_images", given.num_images, Span(1, max_images))
    complaints.require("preview_every_steps", given.preview_every_steps, Span(0, 2**31 - 1))
    _check_choices(request, card, complaints)
    _check_redrawing(request, card, given, complaints)
    complaints.raise_any()
    return Order(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        width=given.width,
        height=given.height,
        steps=given.steps,
        guidance_scale=given.guidance_scale,
        num_images=given.num_images,
        seed=request.seed if request.HasField("seed") else secrets.randbelow(_SEEDS),
        scheduler=request.scheduler or card.default_scheduler,
        format=request.format or "png",
        preview_every_steps=given.preview_every_steps,
        picture=_picture(request, given, max_input_pixels),
        strength=given.strength,
        warnings=tuple(_warnings(request, card, given)),
        checked_by_card=card.complete,
    )


class _Given:
    """The request's numbers with the model's defaults for those left out."""

    def __init__(self, request: image_pb2.GenerateImageRequest, card: ImageCard) -> None:
        def pick(field: str, default: float) -> float:
            return getattr(request, field) if request.HasField(field) else default

        self.width = int(pick("width", card.width))
        self.height = int(pick("height", card.height))
        self.steps = int(pick("steps", card.steps))
        self.guidance_scale = pick("guidance_scale", card.guidance_scale)
        self.num_images = int(pick("num_images", 1))
        self.strength = pick("strength", card.strength)
        self.preview_every_steps = int(pick("preview_every_steps", _DEFAULT_PREVIEW_STEPS))


def _check_words(
    request: image_pb2.GenerateImageRequest, card: ImageCard, complaints: Complaints
) -> None:
    if not request.prompt.strip():
        complaints.add("prompt", "is empty; say what the picture shows")
    for field in ("prompt", "negative_prompt"):
        length = len(getattr(request, field))
        if length > MAX_PROMPT_CHARACTERS:
            complaints.add(
                field, f"has {length} characters; at most {MAX_PROMPT_CHARACTERS} are taken"
            )
    if request.HasField("guidance_scale") and not card.guidance:
        complaints.add("guidance_scale", "this model has none; leave it out")
    if request.negative_prompt and not card.negative_prompt:
        complaints.add("negative_prompt", "this model cannot use one; leave it out")


def _check_choices(
    request: image_pb2.GenerateImageRequest, card: ImageCard, complaints: Complaints
) -> None:
    if request.format and request.format not in FORMATS:
        complaints.add("format", f"must be one of {', '.join(FORMATS)}, not '{request.format}'")
    if request.scheduler and card.complete and request.scheduler not in card.schedulers:
        choice = ", ".join(card.schedulers) or "none; leave it out"
        complaints.add(
            "scheduler", f"'{request.scheduler}' does not fit this model; those that do: {choice}"
        )


def _check_redrawing(
    request: image_pb2.GenerateImageRequest,
    card: ImageCard,
    given: _Given,
    complaints: Complaints,
) -> None:
    if not request.image:
        if request.HasField("strength"):
            complaints.add("strength", "only together with image; leave it out or send an image")
        return
    if not card.image_to_image:
        complaints.add("image", "this model cannot start from a picture; leave it out")
        return
    complaints.require("strength", given.strength, Reach(0, 1))
    if 0 <= given.strength <= 1 and given.steps * given.strength < 1 <= given.steps:
        complaints.add(
            "strength",
            f"{given.strength:g} of {given.steps} steps is less than one step;"
            f" use at least {1 / given.steps:.2g} or more steps",
        )


def _warnings(request: image_pb2.GenerateImageRequest, card: ImageCard, given: _Given) -> list[str]:
    warnings = card.words.warnings(request.prompt)
    if request.negative_prompt and given.guidance_scale <= 1:
        warnings.append("negative_prompt changes nothing at a guidance_scale of 1 or less")
    return warnings


def _picture(
    request: image_pb2.GenerateImageRequest, given: _Given, max_input_pixels: int
) -> Image.Image | None:
    if not request.image:
        return None
    picture = read_picture(request.image, field="image", max_pixels=max_input_pixels)
    return fitted(picture, given.width, given.height)
