import json
from pathlib import Path

import pytest

from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.folder import ModelFolder, find_folder
from services.diffusion.own import OwnSettings
from services.diffusion.spans import Reach, Span


def model(folder: Path, **files: object) -> ModelFolder:
    """A folder whose files hold these values; "vae__config" is vae/config.json."""
    files.setdefault("model_index", {"_class_name": "StableDiffusionPipeline"})
    for name, content in files.items():
        path = folder / (name.replace("__", "/") + ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return ModelFolder.read(folder)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("", "names no pipeline class"),
        ("{}", "names no pipeline class"),
        ('{"_class_name": ["pipeline", "Mine"]}', "code of their own"),
        ('{"_class_name": "../mine"}', "names no pipeline class"),
    ],
)
def test_a_folder_without_a_stock_pipeline_is_refused(
    tmp_path: Path, index: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        model(tmp_path, model_index=index)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"has no model_index\.json"):
        ModelFolder.read(tmp_path)


def test_a_hub_model_that_was_not_fetched_has_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find_folder(ModelSource("nobody/nothing", "nobody/nothing", is_local=False)) is None


def test_a_hub_model_counts_once_all_of_its_parts_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = {"_class_name": "FluxPipeline", "vae": ["diffusers", "V"], "other": [None, None]}
    path = tmp_path / "model_index.json"
    path.write_text(json.dumps(index))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(path))
    hub = ModelSource("a/b", "a/b", is_local=False)
    assert find_folder(hub) is None
    (tmp_path / "vae").mkdir()
    found = find_folder(hub)
    assert found is not None
    assert found.pipeline == "FluxPipeline"


@pytest.mark.parametrize(
    ("vae", "denoiser", "multiple", "frames"),
    [
        ({"block_out_channels": [1, 2, 3, 4]}, {}, 8, 1),
        ({"block_out_channels": [1, 2, 3, 4]}, {"patch_size": 2}, 16, 1),
        ({"block_out_channels": [1, 2, 3, 4]}, {"_class_name": "FluxTransformer2DModel"}, 16, 1),
        ({"dim_mult": [1, 2, 4, 4], "temperal_downsample": [False, True, True]},
         {"patch_size": [1, 2, 2]}, 16, 4),
        ({"spatio_temporal_scaling": [True, True, True, False], "patch_size": 4,
          "patch_size_t": 1}, {"patch_size": 1}, 32, 8),
        ({"block_out_channels": [1, 2, 3, 4], "temporal_compression_ratio": 4},
         {"patch_size": 2}, 16, 4),
        ({"block_out_channels": [1, 2, 3, 4]},
         {"_class_name": "UNetSpatioTemporalConditionModel", "block_out_channels": [1] * 4},
         64, 1),
        ({"block_out_channels": [6]}, {"patch_size": 8}, 8, 1),
        ({}, {}, 8, 1),
    ],
)  # fmt: skip
def test_sizes_follow_from_the_configuration(
    tmp_path: Path, vae: object, denoiser: object, multiple: int, frames: int
) -> None:
    folder = model(tmp_path, vae__config=vae, transformer__config=denoiser)
    assert folder.side_multiple == multiple
    assert folder.frames_per_latent == frames


def test_own_settings_go_before_everything(tmp_path: Path) -> None:
    own = model(
        tmp_path,
        atelier={
            "defaults": {"steps": 4, "guidance_scale": 1},
            "limits": {
                "width": {"allowed": [64]},
                "num_frames": {"minimum": 9, "maximum": 97, "multiple": 8, "offset": 1},
                "guidance_scale": {"minimum": 1, "maximum": 4},
            },
            "dtype": {"allowed": ["float32"]},
            "image_to_image": False,
            "things": ["apple"],
        },
    ).own
    assert own.whole("steps", 30) == 4
    assert own.number("strength", 0.8) == 0.8
    assert own.span("width", Span(1, 9)) == Span.of(64)
    assert own.span("height", Span(1, 9)) == Span(1, 9)
    assert own.span("num_frames", Span(1, 9)) == Span(9, 97, 8, 1)
    assert own.reach("guidance_scale", Reach(0, 30)) == Reach(1, 4)
    assert own.unsupported == ("image",)
    own.require_dtype("auto")
    own.require_dtype("float32")
    with pytest.raises(SettingsError, match="'float16' spoils this model"):
        own.require_dtype("float16")


@pytest.mark.parametrize("content", ["{", "[]", '{"limits": {"width": 64}}', '{"defaults": 4}'])
def test_own_settings_that_cannot_be_understood(tmp_path: Path, content: str) -> None:
    (tmp_path / "atelier.json").write_text(content)
    with pytest.raises(SettingsError, match=r"atelier\.json cannot be understood"):
        OwnSettings.read(tmp_path)
