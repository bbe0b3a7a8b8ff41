"""A VITS voice in memory: token ids in, samples out.

Loads any stock VitsModel folder or hub id, and makes it cheaper without changing what it
says: weight norms folded, training parts dropped, the vocoder laid out for speed and run in
pieces. Knows no text.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils import parametrize
from transformers import VitsModel
from transformers.utils import logging as transformers_logging

from services.common.errors import GpuOutOfMemory
from services.tts.engine_vocoder import Residual, Vocoder

Samples = npt.NDArray[np.float32]


class VitsVoice:
    """One loaded model. Not for two threads at a time."""

    def __init__(self, model: Any, *, device: str, dtype: torch.dtype, residual: Residual) -> None:
        """`dtype`: of the vocoder, where most of the time goes; durations and spectra are
        float32, for rounding would change the pace.
        """
        self._device = device
        self._check: Callable[[], None] = _nothing
        self.sample_rate = int(model.config.sampling_rate)
        self.speakers = int(model.config.num_speakers)
        self.dtype = str(dtype).removeprefix("torch.")
        self._pace = float(model.config.speaking_rate)
        self._vocoder = Vocoder(model.decoder, residual).to(device=device, dtype=dtype)
        model.decoder = _Spectrum()
        self._model = model.to(device)
        self.parameters = sum(
            weight.numel() for part in (model, self._vocoder) for weight in part.parameters()
        )
        for module in (model.text_encoder, model.duration_predictor, *model.flow.flows):
            module.register_forward_pre_hook(self._at_step)

    def speak(
        self,
        tokens: Sequence[int],
        *,
        speed: float,
        seed: int,
        speaker: int | None = None,
        check: Callable[[], None],
    ) -> Iterator[Samples]:
        """The sound of one sentence, mono samples from -1 to 1, in pieces of about 0.4 s.

        `speed`: 1 is the voice's own pace. `seed`: equal calls with equal seeds give equal
        sound; no other random state is read or changed. `check` is called before every step
        of the work and may raise, to stop it.
        Raises GpuOutOfMemory, the memory being returned.
        """
        self._check = check
        # Of the thread, not of the process. Numbers near zero, in which the sound dies away,
        # take the processor many times as long as others.
        torch.set_flush_denormal(True)
        try:
            with _memory(self._device):
                spectrum = self._spectrum(tokens, speed, seed, speaker)
                for piece in self._vocoder.sound(spectrum, self._embedding(speaker)):
                    yield piece.cpu().numpy()
                    check()
        finally:
            self._check = _nothing

    @torch.inference_mode()
    def _spectrum(
        self, tokens: Sequence[int], speed: float, seed: int, speaker: int | None
    ) -> torch.Tensor:
        ids = torch.tensor([list(tokens)], dtype=torch.long, device=self._device)
        gpus = [self._device] if self._device.startswith("cuda") else []
        with torch.random.fork_rng(devices=gpus):
            torch.manual_seed(seed)
            output = self._model(
                input_ids=ids, speaker_id=speaker, speaking_rate=self._pace * speed
            )
        spectrum: torch.Tensor = output.spectrogram
        return spectrum

    @torch.inference_mode()
    def _embedding(self, speaker: int | None) -> torch.Tensor | None:
        if speaker is None:
            return None
        ids = torch.tensor([speaker], device=self._device)
        embedding: torch.Tensor = self._model.embed_speaker(ids).unsqueeze(-1)
        return embedding

    def _at_step(self, _module: nn.Module, _inputs: object) -> None:
        self._check()


def load(location: str, *, device: str, dtype: str, residual: Residual) -> VitsVoice:
    """Loads the model in `location`, a folder or a hub id, from safetensors only.

    `dtype`: "auto" (float32), "float32", "bfloat16" or "float16", see VitsVoice.
    Raises what transformers raises.
    """
    transformers_logging.disable_progress_bar()
    model = VitsModel.from_pretrained(location, use_safetensors=True, dtype=torch.float32).eval()
    _drop_training_parts(model)
    _fold_weight_norms(model)
    chosen = torch.float32 if dtype == "auto" else getattr(torch, dtype)
    return VitsVoice(model, device=device, dtype=chosen, residual=residual)


def cuda_devices() -> int:
    """How many GPUs torch sees."""
    return torch.cuda.device_count()


def use_threads(threads: int) -> None:
    """Lets torch compute with so many CPU threads; 0 leaves it as it is."""
    if threads:
        torch.set_num_threads(threads)


class _Spectrum(nn.Module):
    """Stands where the decoder stood: the vocoder works outside the model's forward pass."""

    def forward(self, spectrum: torch.Tensor, _speaker: torch.Tensor | None) -> torch.Tensor:
        return spectrum


def _nothing() -> None:
    """No task, nothing to check."""


def _drop_training_parts(model: Any) -> None:
    del model.posterior_encoder
    predictor = model.duration_predictor
    for name in [name for name, _ in predictor.named_children() if name.startswith("post_")]:
        delattr(predictor, name)


def _fold_weight_norms(model: nn.Module) -> None:
    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")


@contextmanager
def _memory(device: str) -> Iterator[None]:
    """Turns running out of memory into the domain's error, and gives the memory back."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one; the CPU has only words
        if not isinstance(error, torch.OutOfMemoryError) and "not enough memory" not in str(error):
            raise
        error.__traceback__ = None  # its frames hold the tensors
    else:
        return
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    raise GpuOutOfMemory(f"not enough memory on {device} for this sentence; use shorter sentences")
