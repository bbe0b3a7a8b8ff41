"""Spectra into sound, piece by piece, with the weights of a stock VitsHifiGan.

The decoder's late stages work on long, thin tensors. Run over a whole sentence they leave the
processor's cache and the first sound waits for the last; run over a third of a second at a
time, with as much context on either side as their convolutions see, they give the same samples
sooner. All tensors are two-dimensional with a height of one and their channels last, for which
the dilated convolutions are twice as fast; in that layout an upsampling is a convolution whose
output channels are the new samples. Knows no text, no model and no randomness.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

import torch
from torch import nn
from torch.nn.functional import leaky_relu

CHUNK = 256
"""Steps at the first stage's rate that are turned into sound at a time."""


@dataclass(frozen=True)
class Residual:
    """How the stored residual blocks are to be understood (HiFi-GAN, Kong et al. 2020)."""

    kind: int = 1
    """1: two convolutions a step, as stored. 2: one; the second is an identity that only takes
    a shift back."""
    shift: float = 0.0
    """What was added to the first convolutions' biases for it."""


class Vocoder(nn.Module):
    """Turns spectra into samples."""

    def __init__(
        self, decoder: Any, residual: Residual = Residual(), *, chunk: int = CHUNK
    ) -> None:
        """`decoder`: a VitsHifiGan, which is left as it is. `chunk`: see CHUNK.

        Raises ValueError if an upsampling does not multiply the length by a whole number.
        """
        super().__init__()
        kinds = len(decoder.resblocks) // len(decoder.upsampler)
        self._chunk = chunk
        self._slope = float(decoder.config.leaky_relu_slope)
        self._first = _flat(decoder.conv_pre)
        self._speaker = _flat(decoder.cond) if hasattr(decoder, "cond") else None
        stages = [
            _Stage(upsampler, decoder.resblocks[number * kinds :][:kinds], residual, self._slope)
            for number, upsampler in enumerate(decoder.upsampler)
        ]
        # torch's list does not tell a type checker what is in it.
        self._stages = cast("Sequence[_Stage]", nn.ModuleList(stages))
        self._last = _flat(decoder.conv_post)
        self._context = self._reach()
        rates = [int(upsampler.stride[0]) for upsampler in decoder.upsampler]
        self._samples_per_step = torch.Size(rates[1:]).numel()

    def sound(
        self, spectrum: torch.Tensor, speaker: torch.Tensor | None = None
    ) -> Iterator[torch.Tensor]:
        """The samples, shape (time,), float32, piece by piece.

        `spectrum`: (1, bins, frames). `speaker`: the speaker's embedding, (1, size, 1).
        """
        hidden = self._beginning(spectrum, speaker)
        length = hidden.shape[-1]
        for begin in range(0, length, self._chunk):
            yield self._piece(hidden, begin, min(begin + self._chunk, length))

    @torch.inference_mode()
    def _beginning(self, spectrum: torch.Tensor, speaker: torch.Tensor | None) -> torch.Tensor:
        hidden = self._first(self._laid_out(spectrum))
        if speaker is not None and self._speaker is not None:
            hidden = hidden + self._speaker(self._laid_out(speaker))
        first: torch.Tensor = self._stages[0](hidden)
        return first

    @torch.inference_mode()
    def _piece(self, hidden: torch.Tensor, begin: int, end: int) -> torch.Tensor:
        left = max(0, begin - self._context)
        part = hidden[..., left : end + self._context]
        for stage in self._stages[1:]:
            part = stage(part)
        part = self._last(leaky_relu(part))
        first = (begin - left) * self._samples_per_step
        last = first + (end - begin) * self._samples_per_step
        return torch.tanh(part[0, 0, 0, first:last].float())

    def _laid_out(self, tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.to(self._first.weight.dtype).unsqueeze(2)
        return flat.contiguous(memory_format=torch.channels_last)

    def _reach(self) -> int:
        """Steps at the first stage's rate that a sample depends on, to either side."""
        reach = _conv_reach(self._last)
        for stage in reversed(self._stages[1:]):
            reach = stage.reach_before(reach)
        return reach


class _Stage(nn.Module):
    """One upsampling and the mean of the residual blocks after it."""

    def __init__(self, upsampler: Any, blocks: Any, residual: Residual, slope: float) -> None:
        super().__init__()
        self._slope = slope
        self._rate = int(upsampler.stride[0])
        self._upsampler = _phases(upsampler)
        made = [_Block(block, residual, slope) for block in blocks]
        self._blocks = cast("Sequence[_Block]", nn.ModuleList(made))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """From (1, channels, 1, time) to (1, fewer channels, 1, time * rate)."""
        phases = self._upsampler(leaky_relu(hidden, self._slope))
        time = phases.shape[-1]
        # No copy: with the channels last, the phases of a sample lie in the order of time.
        longer = phases.permute(0, 2, 3, 1).reshape(1, 1, time * self._rate, -1)
        hidden = longer.permute(0, 3, 1, 2)
        total: torch.Tensor = self._blocks[0](hidden)
        for block in self._blocks[1:]:
            total += block(hidden)
        return total.div_(len(self._blocks))

    def reach_before(self, reach: int) -> int:
        """The reach in this stage's input, if it is `reach` in its output."""
        reach += max(block.reach for block in self._blocks)
        return ceil(reach / self._rate) + _conv_reach(self._upsampler)


class _Block(nn.Module):
    """A residual block: steps of one or two convolutions, each added to what went in."""

    def __init__(self, block: Any, residual: Residual, slope: float) -> None:
        super().__init__()
        self._slope = slope
        steps = (
            [(_flat(first, -residual.shift),) for first in block.convs1]
            if residual.kind == 2
            else [
                (_flat(first), _flat(second))
                for first, second in zip(block.convs1, block.convs2, strict=True)
            ]
        )
        made = nn.ModuleList(nn.ModuleList(step) for step in steps)
        self._steps = cast("Sequence[Sequence[nn.Conv2d]]", made)
        self.reach = sum(_conv_reach(convolution) for step in steps for convolution in step)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Changes nothing of what goes in."""
        for step in self._steps:
            inner = hidden
            for convolution in step:
                inner = convolution(leaky_relu(inner, self._slope))
            hidden = inner.add_(hidden)
        return hidden


def _flat(convolution: Any, bias_shift: float = 0.0) -> nn.Conv2d:
    """A one-dimensional convolution as one over a picture of height one, channels last."""
    bias = None if convolution.bias is None else convolution.bias.detach() + bias_shift
    return _convolution(
        convolution.weight.detach().unsqueeze(2),
        bias,
        padding=int(convolution.padding[0]),
        dilation=int(convolution.dilation[0]),
    )


def _phases(upsampler: Any) -> nn.Conv2d:
    """A transposed convolution as a plain one with an output channel for each phase.

    Output sample t * rate + phase is the sum over inputs m of
    x[m] * w[t * rate + phase + padding - m * rate].
    """
    rate, size = int(upsampler.stride[0]), int(upsampler.kernel_size[0])
    padding = int(upsampler.padding[0])
    if size - rate != 2 * padding:
        raise ValueError(f"an upsampling by {rate} with a kernel of {size} is not supported")
    weight = upsampler.weight.detach()
    inputs, outputs, _ = weight.shape
    reach = max(rate - 1 + padding, size - 1 - padding) // rate
    phases = weight.new_zeros(rate, outputs, inputs, 1, 2 * reach + 1)
    for phase in range(rate):
        for step in range(-reach, reach + 1):
            tap = phase + padding - step * rate
            if 0 <= tap < size:
                phases[phase, :, :, 0, step + reach] = weight[:, :, tap].T
    return _convolution(
        phases.flatten(0, 1), upsampler.bias.detach().repeat(rate), padding=reach, dilation=1
    )


def _convolution(
    weight: torch.Tensor, bias: torch.Tensor | None, *, padding: int, dilation: int
) -> nn.Conv2d:
    outputs, inputs, _, size = weight.shape
    made = nn.Conv2d(
        inputs,
        outputs,
        (1, size),
        padding=(0, padding),
        dilation=(1, dilation),
        bias=bias is not None,
    )
    made.weight = nn.Parameter(weight.clone(), requires_grad=False)
    if bias is not None:
        made.bias = nn.Parameter(bias.clone(), requires_grad=False)
    return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # its stub forgets this form


def _conv_reach(convolution: nn.Conv2d) -> int:
    return int(convolution.dilation[1] * (convolution.kernel_size[1] - 1) // 2)
