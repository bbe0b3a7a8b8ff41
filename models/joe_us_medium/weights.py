"""Names and shapes: Piper's ONNX graph on one side, transformers' VitsModel on the other.

Knows nothing of files. Piper's exporter keeps the names of most weights, but folds the
weight norm of the flow's convolutions into anonymous constants, which are found again by
the path of the node that uses them, and folds exp(-logs) of the duration flow's affine
step into a constant.
"""

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

IDENTITY_SHIFT = 256.0
"""Added to what enters the synthetic identity convolutions, so that the leaky ReLU before
them passes every value; a power of two, above every activation of the voice."""

_LAYER = "text_encoder.encoder.layers."
_RENAMES: tuple[tuple[str, str], ...] = (
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.conv_([qkv])\.", _LAYER + r"\1.attention.\2_proj."),
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.conv_o\.", _LAYER + r"\1.attention.out_proj."),
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.emb_rel_", _LAYER + r"\1.attention.emb_rel_"),
    (r"enc_p\.encoder\.norm_layers_1\.(\d+)\.", _LAYER + r"\1.layer_norm."),
    (r"enc_p\.encoder\.norm_layers_2\.(\d+)\.", _LAYER + r"\1.final_layer_norm."),
    (r"enc_p\.encoder\.ffn_layers\.(\d+)\.", _LAYER + r"\1.feed_forward."),
    (r"enc_p\.proj\.", "text_encoder.project."),
    (r"dp\.flows\.0\.m$", "duration_predictor.flows.0.translate"),
    (r"dp\.pre\.", "duration_predictor.conv_pre."),
    (r"dp\.proj\.", "duration_predictor.conv_proj."),
    (r"dp\.convs\.", "duration_predictor.conv_dds."),
    (r"dp\.flows\.(\d+)\.(pre|proj)\.", r"duration_predictor.flows.<\1>.conv_\2."),
    (r"dp\.flows\.(\d+)\.convs\.", r"duration_predictor.flows.<\1>.conv_dds."),
    (r"flow\.flows\.(\d+)\.(pre|post)\.", r"flow.flows.{\1}.conv_\2."),
    (r"flow\.flows\.(\d+)\.enc\.", r"flow.flows.{\1}.wavenet."),
    (r"dec\.ups\.", "decoder.upsampler."),
    (r"dec\.resblocks\.(\d+)\.convs\.", r"decoder.resblocks.\1.convs1."),
    (r"dec\.", "decoder."),
)
_PARTS = (
    (".convs_sep.", ".convs_dilated."),
    (".convs_1x1.", ".convs_pointwise."),
    (".gamma", ".weight"),
    (".beta", ".bias"),
)


def vits_name(piper_name: str) -> str:
    """The name in VitsModel's state dict of a weight that Piper calls `piper_name`.

    Raises KeyError for a name that no rule knows.
    """
    for pattern, replacement in _RENAMES:
        name, hits = re.subn("^" + pattern, replacement, piper_name)
        if hits:
            return _with_parts(_with_flow_numbers(name))
    raise KeyError(piper_name)


def vits_weights(named: Mapping[str, Array], folded_scale: Array) -> dict[str, Array]:
    """State dict entries for VitsModel from Piper's weights.

    `named`: weights by Piper's module path (also those that the file keeps anonymously);
    the token embedding under "enc_p.emb.weight". `folded_scale`: exp(-logs) of the
    duration flow's affine step, shape (2, 1).
    """
    state: dict[str, Array] = {
        "text_encoder.embed_tokens.weight": named["enc_p.emb.weight"],
        "duration_predictor.flows.0.log_scale": -np.log(folded_scale).reshape(2, 1),
    }
    for piper_name, value in named.items():
        if piper_name != "enc_p.emb.weight":
            state.update(_entry(vits_name(piper_name), value))
    return state | _identities(state)


def _entry(name: str, value: Array) -> dict[str, Array]:
    if "attention." in name and name.endswith("_proj.weight"):
        return {name: value.squeeze(-1)}
    if ".wavenet." in name and name.endswith(".weight"):
        stem = name.removesuffix("weight") + "parametrizations.weight."
        norm = np.sqrt(np.square(value).sum(axis=(1, 2), keepdims=True))
        return {stem + "original0": norm, stem + "original1": value}
    return {name: value}


def _identities(state: Mapping[str, Array]) -> dict[str, Array]:
    """Second convolutions that change nothing: VitsModel's residual block has two per
    step, the voice's has one.
    """
    extra: dict[str, Array] = {}
    for name, value in state.items():
        if ".convs1." in name and name.endswith(".weight"):
            bias = name.removesuffix("weight") + "bias"
            extra[bias] = state[bias] + np.float32(IDENTITY_SHIFT)
            extra[name.replace("convs1", "convs2")] = _centre_tap(value.shape)
            extra[bias.replace("convs1", "convs2")] = np.full(
                value.shape[0], -IDENTITY_SHIFT, dtype=np.float32
            )
    return extra


def _centre_tap(shape: tuple[int, ...]) -> Array:
    channels, _, taps = shape
    weight = np.zeros(shape, dtype=np.float32)
    weight[np.arange(channels), np.arange(channels), taps // 2] = 1.0
    return weight


def _with_flow_numbers(name: str) -> str:
    """Piper counts the flips between flows as flows, and drops the first duration flow."""
    name = re.sub(r"<(\d+)>", lambda match: str((int(match[1]) + 1) // 2), name)
    return re.sub(r"\{(\d+)\}", lambda match: str(int(match[1]) // 2), name)


def _with_parts(name: str) -> str:
    for old, new in _PARTS:
        name = name.replace(old, new)
    return name
