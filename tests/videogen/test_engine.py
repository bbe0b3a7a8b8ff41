"""The engine with tiny random models of four families: what it films is noise, how is real."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from atelier.videogen.v1 import videogen_pb2
from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import GpuOutOfMemory, InvalidArgument
from services.common.model_slot import LoadedModel
from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.events import PreviewTaken, StepDone
from services.videogen.card import VideoCard, VideoCards
from services.videogen.clip import Filmed
from services.videogen.engine import DiffusersEngine, Event, load
from services.videogen.order import Order, read_order
from services.videogen.settings import VideogenSettings
from tests.support import video_models
from tests.support.image_pictures import picture_file

# diffusers' own arithmetic with numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


class Model:
    """A model's folder, its card and its engine."""

    def __init__(self, folder: Path, save: Callable[[Path], None]) -> None:
        save(folder)
        self.source = ModelSource("tiny", str(folder), is_local=True)
        self.settings = settings(folder)
        self.card: VideoCard = VideoCards(self.source, self.settings).current()
        self.loaded: LoadedModel[DiffusersEngine] = load(self.source, self.settings)
        self.engine = self.loaded.value

    def order(self, **fields: object) -> Order:
        given: dict[str, object] = {
            "image": picture_file(size=(80, 60)),
            "num_frames": self.card.frame_counts.closest(9),
            "width": self.card.widths.minimum,
            "height": self.card.heights.minimum,
            "steps": 3,
            "seed": 5,
            "preview_every_steps": 0,
        }
        request = videogen_pb2.GenerateVideoRequest(**(given | fields))  # type: ignore[arg-type]
        return read_order(request, self.card, max_input_pixels=10**6)

    def film(self, **fields: object) -> list[Event]:
        return list(self.engine.film(self.order(**fields), Cancellation()))

    def frames(self, **fields: object) -> bytes:
        clip = self.film(**fields)[-1]
        assert isinstance(clip, Filmed)
        return clip.frames.tobytes()


def settings(folder: Path) -> VideogenSettings:
    return VideogenSettings(
        name="videogen", service="atelier.videogen.v1.VideogenService", port=0, metrics_port=0,
        model=str(folder), device="cpu", threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Model]:
    @cache
    def make(family: str) -> Model:
        return Model(tmp_path_factory.mktemp(family), getattr(video_models, f"save_{family}"))

    return make


FAMILIES = ["ltx", "wan", "cogvideox", "stable_video_diffusion"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_films_with_progress_and_previews(
    model_of: Callable[[str], Model], family: str
) -> None:
    model = model_of(family)
    events = model.film(preview_every_steps=1)
    steps = [event.step for event in events if isinstance(event, StepDone)]
    assert steps == [1, 2, 3]
    previews = [event.step for event in events if isinstance(event, PreviewTaken)]
    assert previews == [1, 2]
    clip = events[-1]
    assert isinstance(clip, Filmed)
    width, height = model.card.widths.minimum, model.card.heights.minimum
    assert clip.frames.shape == (model.card.frame_counts.closest(9), height, width, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.steps == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_stops_within_a_step(model_of: Callable[[str], Model], family: str) -> None:
    model = model_of(family)
    cancellation = Cancellation()
    seen = []

    def read() -> None:
        for event in model.engine.film(model.order(steps=100), cancellation):
            seen.append(event)
            cancellation.cancel()

    with pytest.raises(JobCancelled):
        read()
    assert len(seen) < 10  # what was reported already may still be read


@pytest.mark.parametrize(
    ("family", "frames", "sides"),
    [
        ("ltx", "1 more than a multiple of 8", "a multiple of 32"),
        ("wan", "1 more than a multiple of 4", "a multiple of 16"),
        ("cogvideox", "1 more than a multiple of 4", "a multiple of 16"),
        ("stable_video_diffusion", "from 2 to 257", "a multiple of 16"),
    ],
)
def test_every_familys_limits_are_told(
    model_of: Callable[[str], Model], family: str, frames: str, sides: str
) -> None:
    model = model_of(family)
    with pytest.raises(InvalidArgument) as caught:
        model.order(num_frames=10_000, width=33)
    told = {item.field: item.description for item in caught.value.violations}
    assert frames in told["num_frames"]
    assert sides in told["width"]


@pytest.mark.parametrize(
    ("family", "rate", "supported", "refused"),
    [
        ("ltx", 25, {"prompt", "negative_prompt", "guidance_scale"}, {"motion_strength"}),
        ("wan", 16, {"prompt", "negative_prompt", "guidance_scale"}, {"motion_strength"}),
        ("cogvideox", 8, {"prompt", "guidance_scale"}, {"motion_strength"}),
        ("stable_video_diffusion", 7, {"motion_strength", "guidance_scale"},
         {"prompt", "negative_prompt"}),
    ],
)  # fmt: skip
def test_every_familys_fields_are_told(
    model_of: Callable[[str], Model], family: str, rate: int, supported: set[str], refused: set[str]
) -> None:
    card = model_of(family).card
    assert card.frames_per_second == rate
    assert supported <= set(card.supported)
    assert not refused & set(card.supported)
    assert card.cancel_within_step


def test_equal_orders_give_equal_clips(model_of: Callable[[str], Model]) -> None:
    model = model_of("ltx")
    first = model.frames(prompt="a red apple")
    assert model.frames(prompt="a red apple", seed=6) != first
    assert model.frames(prompt="a red apple", preview_every_steps=1) == first


@pytest.mark.parametrize(
    ("family", "changed"),
    [
        ("ltx", {"prompt": "a blue house"}),
        ("ltx", {"negative_prompt": "a blue house"}),
        ("ltx", {"prompt": "a red apple", "guidance_scale": 9.0}),
        ("ltx", {"image": picture_file(colour="blue")}),
        ("stable_video_diffusion", {"motion_strength": 1.0}),
        ("stable_video_diffusion", {"frames_per_second": 30}),
        ("stable_video_diffusion", {"guidance_scale": 9.0}),
    ],
)
def test_every_setting_reaches_the_pipeline(
    model_of: Callable[[str], Model], family: str, changed: dict[str, object]
) -> None:
    model = model_of(family)
    plain = {"prompt": changed["prompt"]} if len(changed) > 1 else {}
    assert model.frames(**changed) != model.frames(**plain)


def test_out_of_memory_is_told_and_the_next_order_works(
    model_of: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of("ltx")

    def too_much(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(model.engine.pipeline.transformer, "forward", too_much)
        with pytest.raises(GpuOutOfMemory):
            model.film()
    assert isinstance(model.film()[-1], Filmed)


def test_a_models_own_settings_are_obeyed(tmp_path: Path) -> None:
    video_models.save_cogvideox(tmp_path)
    own = {
        "defaults": {"steps": 2, "guidance_scale": 1.0, "num_frames": 9, "frames_per_second": 12},
        "limits": {
            "num_frames": {"allowed": [9]},
            "guidance_scale": {"minimum": 1.0, "maximum": 1.0},
            "width": {"allowed": [64]},
            "height": {"allowed": [64]},
        },
        "dtype": {"allowed": ["float32"]},
        "vocabulary": {"tokenizer": "tokenizer", "unknown_token": "<unk>"},
        "motion_words": ["red"],
    }
    (tmp_path / "atelier.json").write_text(json.dumps(own))
    source = ModelSource("tiny", str(tmp_path), is_local=True)
    card = VideoCards(source, settings(tmp_path)).current()
    assert (card.steps, card.num_frames, card.frames_per_second) == (2, 9, 12)
    assert "negative_prompt" not in card.supported
    request = videogen_pb2.GenerateVideoRequest(image=picture_file(size=(64, 64)), prompt="jump")
    assert read_order(request, card, max_input_pixels=10**6).warnings == (
        "the model does not know the word 'jump'",
        "the prompt names no motion that the model knows: red",
    )


def test_only_safetensors_are_loaded(model_of: Callable[[str], Model], tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(model_of("ltx").source.location, copy)
    for weights in copy.glob("*/*.safetensors"):
        torch.save({}, weights.with_suffix(".bin"))
        weights.unlink()
    with pytest.raises((OSError, ValueError), match="safetensors"):
        load(ModelSource("tiny", str(copy), is_local=True), settings(copy))


@pytest.mark.parametrize("name", ["StableDiffusionPipeline", "WanPipeline", "NoSuchPipeline"])
def test_a_model_that_makes_no_clips_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
    cards = VideoCards(ModelSource("m", str(tmp_path), is_local=True), settings(tmp_path))
    with pytest.raises(SettingsError, match="makes no clips from a picture"):
        cards.current()


def test_a_text_to_video_folder_is_filmed_by_its_twin(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "LTXPipeline"}')
    cards = VideoCards(ModelSource("m", str(tmp_path), is_local=True), settings(tmp_path))
    assert cards.current().pipeline == "LTXImageToVideoPipeline"
