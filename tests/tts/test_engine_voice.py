import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import VitsModel

from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import GpuOutOfMemory
from services.tts.engine_vocoder import Vocoder
from services.tts.engine_voice import Residual, Samples, VitsVoice, load
from tests.support.tts_voices import write_tiny_voice

TOKENS = [0, 8, 0, 5, 0, 12, 0, 12, 0, 15, 0] * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_voice(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def voice(folder: Path) -> VitsVoice:
    return load(str(folder), device="cpu", dtype="auto", residual=Residual())


def nothing() -> None:
    pass


def said(
    voice: VitsVoice, *, seed: int = 1, speed: float = 1.0, speaker: int | None = None
) -> Samples:
    pieces = voice.speak(TOKENS, speed=speed, seed=seed, speaker=speaker, check=nothing)
    return np.concatenate(list(pieces))


def stock(folder: Path, *, seed: int = 1, speaker: int | None = None) -> Samples:
    model: Any = VitsModel.from_pretrained(folder).eval()
    torch.manual_seed(seed)
    with torch.inference_mode():
        output = model(torch.tensor([TOKENS]), speaker_id=speaker)
    samples: Samples = output.waveform[0].numpy()
    return samples


def test_it_says_what_the_stock_model_says(folder: Path, voice: VitsVoice) -> None:
    np.testing.assert_allclose(said(voice), stock(folder), atol=1e-4)


def test_a_model_with_speakers_says_what_the_stock_model_says(tmp_path: Path) -> None:
    folder = write_tiny_voice(tmp_path, speakers=3)
    voice = load(str(folder), device="cpu", dtype="auto", residual=Residual())
    assert voice.speakers == 3
    np.testing.assert_allclose(said(voice, speaker=2), stock(folder, speaker=2), atol=1e-4)


@pytest.mark.parametrize("chunk", [16, 23, 64, 100_000])
def test_pieces_of_any_size_give_the_same_samples(folder: Path, chunk: int) -> None:
    decoder: Any = VitsModel.from_pretrained(folder).eval().decoder
    spectrum = torch.randn(1, 16, 70)
    with torch.inference_mode():
        whole = decoder(spectrum)[0, 0]
    pieces = torch.cat(list(Vocoder(decoder, chunk=chunk).sound(spectrum)))
    torch.testing.assert_close(pieces, whole, atol=1e-5, rtol=0)


def test_equal_seeds_give_equal_sound_whatever_others_draw(voice: VitsVoice) -> None:
    first = said(voice, seed=5)
    torch.manual_seed(99)
    said(voice, seed=6)
    np.testing.assert_array_equal(first, said(voice, seed=5))
    other = said(voice, seed=6)
    assert first.shape != other.shape or not np.allclose(first, other)


def test_the_random_state_of_others_is_left_alone(voice: VitsVoice) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    said(voice)
    torch.testing.assert_close(torch.rand(3), expected)


def test_speed_changes_the_length(voice: VitsVoice) -> None:
    assert len(said(voice, speed=0.25)) > len(said(voice)) > 0


def test_half_precision_stays_close(folder: Path) -> None:
    half = load(str(folder), device="cpu", dtype="bfloat16", residual=Residual())
    assert half.dtype == "bfloat16"
    difference = np.abs(said(half) - stock(folder))
    assert 0 < difference.mean() < 0.02


def test_it_stops_inside_a_sentence(voice: VitsVoice) -> None:
    cancellation = Cancellation()
    steps = 0

    def check() -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            cancellation.cancel()
        cancellation.check()

    with pytest.raises(JobCancelled):
        list(voice.speak(TOKENS, speed=1.0, seed=1, check=check))
    assert steps == 3
    assert len(said(voice)) > 0  # the next one is served


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_running_out_of_memory_is_the_devices_fault(
    voice: VitsVoice, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    def full(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(voice, "_spectrum", full)
        with pytest.raises(GpuOutOfMemory, match="not enough memory on cpu"):
            said(voice)
    assert len(said(voice)) > 0


def test_any_other_error_stays_what_it_is(
    voice: VitsVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(voice, "_spectrum", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        said(voice)


def test_only_safetensors_are_loaded(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "voice"
    shutil.copytree(folder, copy)
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        load(str(copy), device="cpu", dtype="auto", residual=Residual())
