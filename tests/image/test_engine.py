"""The engine with tiny random models: what it draws is noise, how it draws it is real."""

import io
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from atelier.image.v1 import image_pb2
from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import GpuOutOfMemory, InternalFault
from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.events import PreviewTaken, StepDone
from services.image.card import ImageCards
from services.image.drawn import Drawn
from services.image.engine import DiffusersEngine, Event, load
from services.image.order import Order, read_order
from services.image.settings import ImageSettings
from tests.support.image_pictures import picture_file

# diffusers' own arithmetic with numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


def settings(folder: Path, **keys: object) -> ImageSettings:
    return ImageSettings(
        name="image", service="atelier.image.v1.ImageService", port=0, metrics_port=0,
        model=str(folder), device="cpu", threads=1, **keys,  # type: ignore[arg-type]
    )  # fmt: skip


def source(folder: Path) -> ModelSource:
    return ModelSource("tiny", str(folder), is_local=True)


def order(folder: Path, **fields: object) -> Order:
    given = {"prompt": "a red apple", "steps": 4, "seed": 5, "preview_every_steps": 0} | fields
    card = ImageCards(source(folder), settings(folder)).current()
    request = image_pb2.GenerateImageRequest(**given)  # type: ignore[arg-type]
    return read_order(request, card, max_images=8, max_input_pixels=10**6)


def draw(engine: DiffusersEngine, wanted: Order) -> list[Event]:
    return list(engine.draw(wanted, Cancellation()))


def picture(engine: DiffusersEngine, wanted: Order) -> bytes:
    drawn = draw(engine, wanted)[-1]
    assert isinstance(drawn, Drawn)
    return drawn.picture.tobytes()


@pytest.fixture(scope="module")
def engine(stable_diffusion: Path) -> DiffusersEngine:
    loaded = load(source(stable_diffusion), settings(stable_diffusion))
    assert (loaded.device, loaded.dtype) == ("cpu", "float32")
    assert loaded.parameters > 10_000
    return loaded.value


def test_the_card_is_read_from_the_folder(stable_diffusion: Path) -> None:
    card = ImageCards(source(stable_diffusion), settings(stable_diffusion)).current()
    assert (card.width, card.height, card.steps, card.guidance_scale) == (32, 32, 50, 7.5)
    assert card.schedulers[0] == "DDIMScheduler"
    assert card.image_to_image
    assert card.negative_prompt


def test_every_step_is_told_and_the_picture_has_the_size(
    engine: DiffusersEngine, stable_diffusion: Path
) -> None:
    events = draw(engine, order(stable_diffusion, width=48, height=32, num_images=2))
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {step.total_steps for step in steps} == {8}
    assert steps[-1].remaining_seconds == 0
    pictures = [event for event in events if isinstance(event, Drawn)]
    assert [(drawn.index, drawn.picture.size, drawn.steps) for drawn in pictures] == [
        (0, (48, 32), 4), (1, (48, 32), 4),
    ]  # fmt: skip


def test_equal_orders_give_equal_pictures_alone_or_among_others(
    engine: DiffusersEngine, stable_diffusion: Path
) -> None:
    first = picture(engine, order(stable_diffusion, seed=6))
    among = draw(engine, order(stable_diffusion, seed=5, num_images=2))
    draw(engine, order(stable_diffusion, seed=1, scheduler="UniPCMultistepScheduler"))
    assert picture(engine, order(stable_diffusion, seed=6)) == first
    assert isinstance(among[-1], Drawn)
    assert among[-1].picture.tobytes() == first
    assert picture(engine, order(stable_diffusion, seed=7)) != first


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "a blue house"},
        {"guidance_scale": 1.5},
        {"negative_prompt": "blue"},
        {"steps": 3},
    ],
)
def test_every_setting_reaches_the_pipeline(
    engine: DiffusersEngine, stable_diffusion: Path, changed: dict[str, object]
) -> None:
    plain = picture(engine, order(stable_diffusion))
    assert picture(engine, order(stable_diffusion, **changed)) != plain


def test_every_scheduler_of_the_card_draws(engine: DiffusersEngine, stable_diffusion: Path) -> None:
    card = ImageCards(source(stable_diffusion), settings(stable_diffusion)).current()
    pictures = {
        name: picture(engine, order(stable_diffusion, scheduler=name)) for name in card.schedulers
    }
    assert len(set(pictures.values())) > 8


def test_a_picture_can_be_the_beginning(engine: DiffusersEngine, stable_diffusion: Path) -> None:
    image = picture_file(size=(50, 40))
    events = draw(engine, order(stable_diffusion, image=image, strength=0.5, preview_every_steps=1))
    steps = [event.total_steps for event in events if isinstance(event, StepDone)]
    assert steps == [2, 2]
    assert isinstance(events[-1], Drawn)
    assert events[-1].picture.size == (32, 32)
    other = picture_file(size=(50, 40), colour="blue")
    assert picture(engine, order(stable_diffusion, image=other, strength=0.5)) != (
        events[-1].picture.tobytes()
    )


def test_previews_are_small_pictures(engine: DiffusersEngine, stable_diffusion: Path) -> None:
    events = draw(engine, order(stable_diffusion, preview_every_steps=2, steps=6))
    previews = [event for event in events if isinstance(event, PreviewTaken)]
    assert [preview.step for preview in previews] == [2, 4]
    for preview in previews:
        with Image.open(io.BytesIO(preview.jpeg)) as small:
            assert (small.format, small.size) == ("JPEG", (256, 256))


def test_previews_change_nothing(engine: DiffusersEngine, stable_diffusion: Path) -> None:
    plain = picture(engine, order(stable_diffusion))
    assert picture(engine, order(stable_diffusion, preview_every_steps=1)) == plain


def test_cancelling_ends_the_work_within_a_step(
    engine: DiffusersEngine, stable_diffusion: Path
) -> None:
    cancellation = Cancellation()
    seen = []

    def read() -> None:
        for event in engine.draw(order(stable_diffusion, steps=100), cancellation):
            seen.append(event)
            cancellation.cancel()

    with pytest.raises(JobCancelled):
        read()
    assert len(seen) < 10  # what was reported already may still be read
    assert isinstance(draw(engine, order(stable_diffusion))[-1], Drawn)


def test_out_of_memory_is_told_and_the_next_order_works(
    engine: DiffusersEngine, stable_diffusion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(engine.pipeline.unet, "forward", too_much)
        with pytest.raises(GpuOutOfMemory, match="Tried to allocate 9 GiB"):
            draw(engine, order(stable_diffusion))
    assert isinstance(draw(engine, order(stable_diffusion))[-1], Drawn)


def test_a_result_that_is_not_a_number_is_no_picture(
    engine: DiffusersEngine, stable_diffusion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(latents: torch.Tensor, **_: object) -> tuple[torch.Tensor]:
        return (torch.full((1, 3, 32, 32), float("nan")),)

    monkeypatch.setattr(engine.pipeline.vae, "decode", broken)
    with pytest.raises(InternalFault, match="dtype"):
        draw(engine, order(stable_diffusion))


def test_a_pipeline_without_a_step_callback_is_stopped_by_its_progress_bar(
    engine: DiffusersEngine, stable_diffusion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.diffusion.steps.has_step_callback", lambda _: False)
    steps = [
        event for event in draw(engine, order(stable_diffusion)) if isinstance(event, StepDone)
    ]
    assert [step.step for step in steps] == [1, 2, 3, 4]
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(JobCancelled):
        list(engine.draw(order(stable_diffusion), cancellation))


def test_a_model_saved_without_some_parts_is_loaded_and_obeys_its_own_settings(
    stable_diffusion_3: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(stable_diffusion_3, folder)
    own = {
        "defaults": {"steps": 3, "guidance_scale": 1.5},
        "limits": {"width": {"allowed": [64]}, "guidance_scale": {"minimum": 1, "maximum": 4}},
        "dtype": {"allowed": ["bfloat16"]},
        "image_to_image": False,
        "vocabulary": {"tokenizer": "tokenizer", "unknown_token": "<unk>"},
    }
    (folder / "atelier.json").write_text(json.dumps(own))
    card = ImageCards(source(folder), settings(folder)).current()
    assert (card.width, card.height, card.steps, card.guidance_scale) == (64, 64, 3, 1.5)
    assert not card.image_to_image
    loaded = load(source(folder), settings(folder))
    assert loaded.dtype == "bfloat16"
    request = image_pb2.GenerateImageRequest(prompt="a green apple", preview_every_steps=1)
    wanted = read_order(request, card, max_images=1, max_input_pixels=1)
    assert wanted.warnings == ("the model does not know the word 'green'",)
    events = draw(loaded.value, wanted)
    assert sum(isinstance(event, PreviewTaken) for event in events) == 2
    with pytest.raises(SettingsError, match="spoils"):
        ImageCards(source(folder), settings(folder, dtype="float32")).current()


def test_only_safetensors_are_loaded(stable_diffusion: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(stable_diffusion, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises((OSError, ValueError), match="safetensors"):
        load(source(folder), settings(folder))


@pytest.mark.parametrize(
    "keys",
    [
        {"vae_tiling": True, "vae_slicing": True},
        {"attention": "slicing"},
        {"attention": "native"},
        {"offload": "model"},  # nothing to offload from, on a CPU
    ],
)
def test_settings_that_save_memory_still_draw(
    stable_diffusion: Path, keys: dict[str, object]
) -> None:
    loaded = load(source(stable_diffusion), settings(stable_diffusion, **keys))
    assert isinstance(draw(loaded.value, order(stable_diffusion))[-1], Drawn)


def test_a_model_that_draws_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableVideoDiffusionPipeline"}')
    with pytest.raises(SettingsError, match="draws no pictures from words"):
        ImageCards(source(tmp_path), settings(tmp_path)).current()
