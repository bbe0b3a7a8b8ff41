"""Voices for tests: the real starter voice, and a tiny VITS model with random weights."""

import json
from pathlib import Path

import torch
from transformers import VitsConfig, VitsModel

from services.common.models import starter_models

STARTER = "joe-us-medium"


def starter_folder(scratch: Path) -> Path:
    """The prepared starter voice; converted into `scratch` if it was not prepared."""
    prepared = starter_models()[STARTER].location()
    if prepared.exists():
        return prepared
    from models.joe_us_medium.convert import convert

    convert(scratch)
    return scratch


def write_tiny_voice(folder: Path, *, speakers: int = 1, **tokenizer: object) -> Path:
    """A stock VitsModel folder that speaks gibberish for the letters a to z, quickly."""
    torch.manual_seed(1)
    config = VitsConfig(
        vocab_size=29,
        hidden_size=16,
        num_hidden_layers=1,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        upsample_initial_channel=16,
        upsample_rates=[8, 4],
        upsample_kernel_sizes=[16, 8],
        resblock_kernel_sizes=[3, 5],
        resblock_dilation_sizes=[[1, 3], [1, 2]],
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1,
        posterior_encoder_num_wavenet_layers=1,
        num_speakers=speakers,
        speaker_embedding_size=4 if speakers > 1 else 0,
        sampling_rate=8000,
    )
    VitsModel(config).save_pretrained(folder)
    symbols = ["<pad>", *"abcdefghijklmnopqrstuvwxyz", " ", "'"]
    vocabulary = {symbol: place for place, symbol in enumerate(symbols)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    options = {"language": "eng", "phonemize": False, **tokenizer}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "VitsTokenizer", "unk_token": "<pad>", **options})
    )
    return folder
