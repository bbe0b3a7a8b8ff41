"""What an image model can do: its defaults and limits. Made from its folder, without loading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.folder import ModelFolder, find_folder
from services.diffusion.schedulers import fitting
from services.diffusion.source import (
    call_parameters,
    guidance_parameter,
    number,
    sibling,
    takes_negative_prompt,
)
from services.diffusion.spans import Reach, Span
from services.diffusion.words import Words, read_words
from services.image.settings import ImageSettings

_SIDE, _STEPS, _GUIDANCE, _STRENGTH = 512, 30, 5.0, 0.8
_UNTOLD_SIDE = 1024
"""For models whose configuration does not tell: the newer ones, which draw at this size."""


@dataclass(frozen=True)
class ImageCard:
    """A model's defaults and limits.

    `complete` is false while nothing is known of a hub's model but its name: the values are then
    usual ones, and a request is checked again when the model is there.
    """

    width: int = _SIDE
    height: int = _SIDE
    steps: int = _STEPS
    guidance_scale: float = _GUIDANCE
    strength: float = _STRENGTH
    widths: Span = field(default_factory=lambda: Span(64, 2048, 8))
    heights: Span = field(default_factory=lambda: Span(64, 2048, 8))
    step_counts: Span = field(default_factory=lambda: Span(1, 150))
    guidance_scales: Reach = field(default_factory=lambda: Reach(0, 30))
    schedulers: tuple[str, ...] = ()
    default_scheduler: str = ""
    image_to_image: bool = True
    negative_prompt: bool = True
    guidance: bool = True
    """Whether the pipeline takes a guidance_scale."""
    words: Words = field(default_factory=Words)
    complete: bool = True


class ImageCards:
    """Reads the model's card once it can be had. Safe to ask from any thread."""

    def __init__(self, source: ModelSource, settings: ImageSettings) -> None:
        self._source = source
        self._settings = settings
        self._card: ImageCard | None = None

    def current(self) -> ImageCard:
        """The card, incomplete until a hub's model has been fetched.

        Raises SettingsError if the folder holds no text-to-image pipeline.
        """
        if self._card is None:
            folder = find_folder(self._source)
            if folder is None:
                return _guess(self._settings)
            self._card = read_card(folder, self._settings)
        return self._card


def text_to_image_class(name: str) -> str:
    """The class that draws from words for a model whose index names `name`.

    Raises SettingsError if there is none.
    """
    found = sibling(name, "TEXT2IMAGE") or name
    takes = call_parameters(found)
    # What makes frames or takes a picture along is another capability's.
    if takes is None or "prompt" not in takes or {"num_frames", "image"} & set(takes):
        raise SettingsError("model", f"a {name} draws no pictures from words; name another model")
    return found


def read_card(folder: ModelFolder, settings: ImageSettings) -> ImageCard:
    """The card of the model in `folder`. Raises SettingsError if it draws no pictures."""
    takes = call_parameters(text_to_image_class(folder.pipeline)) or {}
    own = folder.own
    own.require_dtype(settings.dtype)
    redrawing = call_parameters(sibling(folder.pipeline, "IMAGE2IMAGE") or "") or {}
    guidances = own.reach("guidance_scale", Reach(0, settings.max_guidance_scale))
    guidance = guidance_parameter(takes) or ""
    schedulers = fitting(folder.scheduler, folder.config("scheduler"), own.schedulers)
    return ImageCard(
        width=own.whole("width", _native(folder, takes, "width")),
        height=own.whole("height", _native(folder, takes, "height")),
        steps=own.whole("steps", round(number(takes, "num_inference_steps", _STEPS))),
        guidance_scale=own.number(
            "guidance_scale", number(takes, guidance, min(_GUIDANCE, guidances.maximum))
        ),
        strength=own.number("strength", number(redrawing, "strength", _STRENGTH)),
        widths=own.span("width", _sides(folder, settings)),
        heights=own.span("height", _sides(folder, settings)),
        step_counts=own.span("steps", Span(1, settings.max_steps)),
        guidance_scales=guidances,
        schedulers=schedulers,
        default_scheduler=str(own.defaults.get("scheduler", folder.scheduler)),
        image_to_image="strength" in redrawing and "image" not in own.unsupported,
        # Without guidance there is nothing that a negative prompt could push away from.
        negative_prompt=takes_negative_prompt(takes)
        and "negative_prompt" not in own.unsupported
        and guidances.maximum > 1,
        guidance=bool(guidance),
        words=read_words(folder.path, own),
    )


def _sides(folder: ModelFolder, settings: ImageSettings) -> Span:
    multiple = folder.side_multiple
    return Span(min(multiple * 4, settings.max_side), settings.max_side, multiple)


def _native(folder: ModelFolder, takes: Mapping[str, object], side: str) -> int:
    return round(number(takes, side, folder.native_side(side) or _UNTOLD_SIDE))


def _guess(settings: ImageSettings) -> ImageCard:
    return ImageCard(
        widths=Span(64, settings.max_side, 8),
        heights=Span(64, settings.max_side, 8),
        step_counts=Span(1, settings.max_steps),
        guidance_scales=Reach(0, settings.max_guidance_scale),
        complete=False,
    )
