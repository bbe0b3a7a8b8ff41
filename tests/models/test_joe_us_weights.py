import numpy as np
import pytest

from models.joe_us_medium.weights import IDENTITY_SHIFT, vits_name, vits_weights


@pytest.mark.parametrize(
    ("piper", "vits"),
    [
        (
            "enc_p.encoder.attn_layers.3.conv_q.weight",
            "text_encoder.encoder.layers.3.attention.q_proj.weight",
        ),
        (
            "enc_p.encoder.norm_layers_2.0.gamma",
            "text_encoder.encoder.layers.0.final_layer_norm.weight",
        ),
        ("flow.flows.6.enc.in_layers.1.bias", "flow.flows.3.wavenet.in_layers.1.bias"),
        ("dp.flows.3.pre.bias", "duration_predictor.flows.2.conv_pre.bias"),
        (
            "dp.flows.7.convs.convs_sep.2.weight",
            "duration_predictor.flows.4.conv_dds.convs_dilated.2.weight",
        ),
        ("dp.convs.norms_1.0.beta", "duration_predictor.conv_dds.norms_1.0.bias"),
        ("dec.ups.1.weight", "decoder.upsampler.1.weight"),
        ("dec.resblocks.8.convs.1.bias", "decoder.resblocks.8.convs1.1.bias"),
    ],
)
def test_names(piper: str, vits: str) -> None:
    assert vits_name(piper) == vits


def test_an_unknown_name_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        vits_name("emb_g.weight")


def test_every_second_convolution_undoes_the_shift() -> None:
    named = {
        "enc_p.emb.weight": np.ones((3, 2), dtype=np.float32),
        "dec.resblocks.0.convs.0.weight": np.ones((4, 4, 5), dtype=np.float32),
        "dec.resblocks.0.convs.0.bias": np.zeros(4, dtype=np.float32),
    }
    state = vits_weights(named, np.ones((2, 1), dtype=np.float32))
    stem = "decoder.resblocks.0."
    assert (state[stem + "convs1.0.bias"] == IDENTITY_SHIFT).all()
    assert (state[stem + "convs2.0.bias"] == -IDENTITY_SHIFT).all()
    tap = state[stem + "convs2.0.weight"]
    assert (tap[:, :, 2] == np.eye(4)).all()
    assert tap.sum() == 4
