"""What a video model can do: its defaults and limits. Made from its folder, without loading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.folder import ModelFolder, find_folder
from services.diffusion.source import (
    call_parameters,
    guidance_parameter,
    moves_progress_bar,
    number,
    sibling,
    takes_negative_prompt,
)
from services.diffusion.spans import Reach, Span
from services.diffusion.words import Words, read_words
from services.videogen.settings import VideogenSettings

RATES = Span(1, 60)
"""Frames per second that a clip can have."""

ALWAYS = (
    "num_frames", "frames_per_second", "width", "height", "steps", "seed", "format",
    "preview_every_steps",
)  # fmt: skip
"""Optional fields that every model can use."""

_FALLBACK_RATES = {"CogVideoX": 8, "Wan": 16}
"""Frames per second that a family's models were trained with, where the pipeline takes none."""

_RATE, _STEPS, _GUIDANCE, _FRAMES = 16, 30, 5.0, 25
_HEIGHT, _WIDTH = 480, 704


@dataclass(frozen=True)
class VideoCard:
    """A model's defaults and limits.

    `complete` is false while nothing is known of a hub's model but its name: the values are then
    usual ones, and a request is checked again when the model is there.
    """

    pipeline: str = ""
    num_frames: int = _FRAMES
    frames_per_second: int = _RATE
    width: int = _WIDTH
    height: int = _HEIGHT
    steps: int = _STEPS
    guidance_scale: float = _GUIDANCE
    motion_strength: float = 0.5
    frame_counts: Span = field(default_factory=lambda: Span(1, 257))
    widths: Span = field(default_factory=lambda: Span(64, 2048, 8))
    heights: Span = field(default_factory=lambda: Span(64, 2048, 8))
    step_counts: Span = field(default_factory=lambda: Span(1, 150))
    guidance_scales: Reach = field(default_factory=lambda: Reach(0, 30))
    supported: tuple[str, ...] = (
        "prompt", "negative_prompt", "guidance_scale", "motion_strength", *ALWAYS,
    )  # fmt: skip
    cancel_within_step: bool = True
    words: Words = field(default_factory=Words)
    complete: bool = True


class VideoCards:
    """Reads the model's card once it can be had. Safe to ask from any thread."""

    def __init__(self, source: ModelSource, settings: VideogenSettings) -> None:
        self._source = source
        self._settings = settings
        self._card: VideoCard | None = None

    def current(self) -> VideoCard:
        """The card, incomplete until a hub's model has been fetched.

        Raises SettingsError if the folder holds no image-to-video pipeline.
        """
        if self._card is None:
            folder = find_folder(self._source)
            if folder is None:
                return _guess(self._settings)
            self._card = read_card(folder, self._settings)
        return self._card


def image_to_video_class(name: str) -> str:
    """The pipeline class for a model whose index names `name`: itself, or its twin with a picture.

    Raises SettingsError if neither makes a clip from a picture.
    """
    for candidate in (name, sibling(name, "IMAGE2VIDEO")):
        takes = call_parameters(candidate) if candidate else None
        if candidate and takes and "image" in takes and _makes_frames(takes):
            return candidate
    raise SettingsError("model", f"a {name} makes no clips from a picture; name another model")


def read_card(folder: ModelFolder, settings: VideogenSettings) -> VideoCard:
    """The card of the model in `folder`. Raises SettingsError if it makes no clips."""
    pipeline = image_to_video_class(folder.pipeline)
    takes = call_parameters(pipeline) or {}
    own = folder.own
    own.require_dtype(settings.dtype)
    guidance = guidance_parameter(takes) or ""
    guidances = own.reach("guidance_scale", Reach(0, settings.max_guidance_scale))
    frames = own.span("num_frames", _frame_counts(folder, settings))
    return VideoCard(
        pipeline=pipeline,
        num_frames=own.whole("num_frames", frames.closest(_native_frames(folder, takes))),
        frames_per_second=own.whole("frames_per_second", _native_rate(pipeline, takes)),
        width=own.whole("width", _native_side(folder, takes, "width", _WIDTH)),
        height=own.whole("height", _native_side(folder, takes, "height", _HEIGHT)),
        steps=own.whole("steps", round(number(takes, "num_inference_steps", _STEPS))),
        guidance_scale=own.number(
            "guidance_scale", number(takes, guidance, min(_GUIDANCE, guidances.maximum))
        ),
        motion_strength=own.number("motion_strength", _native_motion(takes)),
        frame_counts=frames,
        widths=own.span("width", _sides(folder, settings)),
        heights=own.span("height", _sides(folder, settings)),
        step_counts=own.span("steps", Span(1, settings.max_steps)),
        guidance_scales=guidances,
        supported=_supported(folder, takes, guidances),
        cancel_within_step="callback_on_step_end" in takes or moves_progress_bar(pipeline),
        words=read_words(folder.path, own),
    )


def _makes_frames(takes: Mapping[str, object]) -> bool:
    return "num_frames" in takes or "frames" in takes


def _supported(
    folder: ModelFolder, takes: Mapping[str, object], guidances: Reach
) -> tuple[str, ...]:
    usable = {
        "prompt": "prompt" in takes,
        # Without guidance there is nothing that a negative prompt could push away from.
        "negative_prompt": takes_negative_prompt(takes) and guidances.maximum > 1,
        "guidance_scale": guidance_parameter(takes) is not None,
        "motion_strength": "motion_bucket_id" in takes,
    }
    names = [name for name, fits in usable.items() if fits]
    return tuple(name for name in (*names, *ALWAYS) if name not in folder.own.unsupported)


def _frame_counts(folder: ModelFolder, settings: VideogenSettings) -> Span:
    multiple = folder.frames_per_latent
    if multiple == 1:
        return Span(2, settings.max_frames)
    return Span(multiple + 1, settings.max_frames, multiple, offset=1)


def _sides(folder: ModelFolder, settings: VideogenSettings) -> Span:
    multiple = folder.side_multiple
    return Span(min(multiple * 4, settings.max_side), settings.max_side, multiple)


def _native_frames(folder: ModelFolder, takes: Mapping[str, object]) -> int:
    trained = folder.denoiser.get("num_frames")
    return round(number(takes, "num_frames", trained if isinstance(trained, int) else _FRAMES))


def _native_rate(pipeline: str, takes: Mapping[str, object]) -> int:
    family = next((rate for name, rate in _FALLBACK_RATES.items() if name in pipeline), _RATE)
    return round(number(takes, "fps", number(takes, "frame_rate", family)))


def _native_side(folder: ModelFolder, takes: Mapping[str, object], side: str, fallback: int) -> int:
    return round(number(takes, side, folder.native_side(side) or fallback))


def _native_motion(takes: Mapping[str, object]) -> float:
    if "motion_bucket_id" not in takes:
        return 0.0
    return round((number(takes, "motion_bucket_id", 127) - 1) / 254, 2)


def _guess(settings: VideogenSettings) -> VideoCard:
    return VideoCard(
        frame_counts=Span(1, settings.max_frames),
        widths=Span(64, settings.max_side, 8),
        heights=Span(64, settings.max_side, 8),
        step_counts=Span(1, settings.max_steps),
        guidance_scales=Reach(0, settings.max_guidance_scale),
        complete=False,
    )
