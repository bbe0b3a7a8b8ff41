"""Spectra into sound, piece by piece, with the modules of a stock VitsHifiGan.

The decoder's late stages work on long, thin tensors. Run over a whole sentence they leave the
processor's cache and the first sound waits for the last; run over a third of a second at a
time, with as much context on either side as their convolutions see, they give the same
samples sooner. Knows no text, no model and no randomness.
"""

from collections.abc import Iterator
from math import ceil
from typing import Any

import torch
from torch import nn

CHUNK = 256
"""Steps at the first stage's rate that are turned into sound at a time."""


class SingleConvolutionBlock(nn.Module):
    """HiFi-GAN's second kind of residual block (Kong et al. 2020): per step one convolution.

    Input and output: (batch, channels, time).
    """

    def __init__(self, convolutions: nn.ModuleList, slope: float) -> None:
        super().__init__()
        self.convolutions = convolutions
        self._slope = slope

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Adds to what goes in each step's convolution of it."""
        for convolution in self.convolutions:
            hidden = convolution(nn.functional.leaky_relu(hidden, self._slope)).add_(hidden)
        return hidden


class Vocoder:
    """Turns spectra into samples with the weights of `decoder`."""

    def __init__(self, decoder: Any, *, chunk: int = CHUNK) -> None:
        """`decoder`: a VitsHifiGan, its residual blocks of either kind. `chunk`: see CHUNK."""
        self._decoder = decoder
        self._chunk = chunk
        self._dtype = decoder.conv_pre.weight.dtype
        self._slope = float(decoder.config.leaky_relu_slope)
        self._stages = len(decoder.upsampler)
        self._context = _context(decoder)
        rates = [int(upsampler.stride[0]) for upsampler in decoder.upsampler]
        self._samples_per_step = torch.Size(rates[1:]).numel()

    def sound(
        self, spectrum: torch.Tensor, speaker: torch.Tensor | None = None
    ) -> Iterator[torch.Tensor]:
        """The samples, shape (time,), float32, piece by piece.

        `spectrum`: (1, bins, frames). `speaker`: the speaker's embedding, (1, size, 1).
        """
        hidden = self._first_stage(spectrum, speaker)
        length = hidden.shape[-1]
        for begin in range(0, length, self._chunk):
            end = min(begin + self._chunk, length)
            yield self._piece(hidden, begin, end)

    @torch.inference_mode()
    def _first_stage(self, spectrum: torch.Tensor, speaker: torch.Tensor | None) -> torch.Tensor:
        hidden = self._decoder.conv_pre(spectrum.to(self._dtype))
        if speaker is not None:
            hidden = hidden + self._decoder.cond(speaker.to(self._dtype))
        return self._stage(0, hidden)

    @torch.inference_mode()
    def _piece(self, hidden: torch.Tensor, begin: int, end: int) -> torch.Tensor:
        left = max(0, begin - self._context)
        part = hidden[:, :, left : end + self._context]
        for number in range(1, self._stages):
            part = self._stage(number, part)
        part = self._decoder.conv_post(nn.functional.leaky_relu(part))
        first = (begin - left) * self._samples_per_step
        last = first + (end - begin) * self._samples_per_step
        return torch.tanh(part[0, 0, first:last].float())

    def _stage(self, number: int, hidden: torch.Tensor) -> torch.Tensor:
        """One upsampling and the mean of the residual blocks after it."""
        hidden = self._decoder.upsampler[number](nn.functional.leaky_relu(hidden, self._slope))
        kinds = len(self._decoder.resblocks) // self._stages
        blocks = self._decoder.resblocks[number * kinds : (number + 1) * kinds]
        total: torch.Tensor = blocks[0](hidden)
        for block in blocks[1:]:
            total += block(hidden)
        return total.div_(kinds)


def _context(decoder: Any) -> int:
    """Steps at the first stage's rate that a sample depends on, to either side."""
    kinds = len(decoder.resblocks) // len(decoder.upsampler)
    reach = _reach(decoder.conv_post)
    for number in range(len(decoder.upsampler) - 1, 0, -1):
        blocks = decoder.resblocks[number * kinds : (number + 1) * kinds]
        reach += max(_block_reach(block) for block in blocks)
        upsampler = decoder.upsampler[number]
        reach = ceil((reach + upsampler.kernel_size[0]) / upsampler.stride[0])
    return reach


def _block_reach(block: nn.Module) -> int:
    return sum(_reach(module) for module in block.modules() if isinstance(module, nn.Conv1d))


def _reach(convolution: Any) -> int:
    return int(convolution.dilation[0] * (convolution.kernel_size[0] - 1) // 2)
