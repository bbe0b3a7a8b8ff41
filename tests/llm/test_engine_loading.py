"""What can be loaded, what is refused and why, and what a model says of itself."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from services.common.errors import InvalidArgument, ModelLoadFailed
from services.common.models import ModelSource
from services.llm.engine_loading import Brain, load, tokenizer_at_hand
from services.llm.sampling import SamplingDefaults
from tests.support.llm_models import engine_of, starter_folder, write_tiny_model

pytestmark = pytest.mark.starter  # for its tokenizer


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    starter = starter_folder(tmp_path_factory.mktemp("smollm2"))
    return write_tiny_model(tmp_path_factory.mktemp("tiny"), starter)


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "model"))


def source_of(folder: Path) -> ModelSource:
    return ModelSource(name=folder.name, location=str(folder), is_local=True)


def loaded(folder: Path, *, dtype: str = "float32", context_length: int = 4096) -> Brain:
    source = source_of(folder)
    return load(source, device="cpu", dtype=dtype, context_length=context_length).value


def drop(*patterns: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for pattern in patterns:
            for path in folder.glob(pattern):
                path.unlink()

    return change


def pickle_weights(folder: Path) -> None:
    drop("*.safetensors")(folder)
    torch.save({}, folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pickle_weights, "only pickled weights"),
        (drop("*.safetensors"), "no weights"),
        (drop("chat_template.jinja"), "no chat template"),
    ],
)
def test_a_folder_is_refused(copy: Path, change: Callable[[Path], None], words: str) -> None:
    change(copy)
    engine = engine_of(copy, dtype="float32")
    engine.read_tokenizer()
    with pytest.raises(ModelLoadFailed, match=words):
        engine.load()
    assert not engine.loaded
    assert words in engine.status().load_error


def test_a_file_that_is_no_gguf_is_refused(copy: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="no GGUF"):
        loaded(copy / "model.safetensors")


def test_a_broken_file_is_told_and_a_mended_one_loads(copy: Path) -> None:
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(b"not weights")
    engine = engine_of(copy, dtype="float32")
    with pytest.raises(ModelLoadFailed):
        engine.load()
    (copy / "model.safetensors").write_bytes(weights)
    engine.load()
    assert engine.status().state == "loaded"


def test_code_of_a_model_s_own_is_not_run(copy: Path) -> None:
    config = (copy / "config.json").read_text()
    (copy / "config.json").write_text(
        config.replace('"model_type": "llama"', '"model_type": "own"').replace(
            "{", '{"auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"},', 1
        )
    )
    (copy / "own.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(Exception, match=r"own|trust_remote_code"):
        loaded(copy)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "auto"])
def test_it_loads_in_the_asked_precision(tiny: Path, dtype: str) -> None:
    model = load(source_of(tiny), device="cpu", dtype=dtype, context_length=99)
    assert dtype in (model.dtype, "auto")
    assert model.device == "cpu"
    assert model.parameters > 49152 * 32
    assert model.value.context_length == 99


def test_the_context_is_the_model_s_if_that_is_shorter(tiny: Path) -> None:
    assert loaded(tiny).context_length == 256


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"do_sample": False}, SamplingDefaults(temperature=0)),
        ({"do_sample": True}, SamplingDefaults(top_k=0)),
        (
            {"do_sample": True, "temperature": 0.3, "top_p": 0.8, "top_k": 7},
            SamplingDefaults(temperature=0.3, top_p=0.8, top_k=7),
        ),
        (
            {"do_sample": True, "repetition_penalty": 1.2, "top_k": 5},
            SamplingDefaults(repetition_penalty=1.2, top_k=5),
        ),
    ],
)
def test_a_model_brings_its_defaults(
    copy: Path, own: dict[str, Any], expected: SamplingDefaults
) -> None:
    GenerationConfig(**own).save_pretrained(copy)
    assert loaded(copy).defaults == expected


def test_every_token_that_ends_an_answer_is_known(copy: Path) -> None:
    GenerationConfig(eos_token_id=[0, 7]).save_pretrained(copy)
    assert loaded(copy).end_tokens == (0, 2, 7)


def test_a_tokenizer_is_read_ahead_where_it_is_at_hand(tiny: Path, copy: Path) -> None:
    assert tokenizer_at_hand(source_of(tiny)) is not None
    (copy / "tokenizer.json").write_text("{")
    assert tokenizer_at_hand(source_of(copy)) is None
    assert tokenizer_at_hand(source_of(copy / "no-such-folder")) is None
    hub = ModelSource(name="org/name", location="org/name", is_local=False)
    assert tokenizer_at_hand(hub) is None


def test_a_template_may_refuse_the_conversation(copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{{ raise_exception('no poems') }}")
    engine = engine_of(copy, dtype="float32")
    engine.load()
    with pytest.raises(InvalidArgument, match="no poems"):
        engine.encode([{"role": "user", "content": "A poem!"}])


@pytest.mark.heavy
def test_a_gguf_file_loads_as_it_is() -> None:
    from models.smollm2_135m_instruct.convert import gguf_file

    for place in (gguf_file(), gguf_file().parent):
        engine = engine_of(place)
        engine.load()
        tokens = engine.encode([{"role": "user", "content": "Hi"}])
        assert engine.decode(tokens).rstrip().endswith("assistant")
        assert engine.status().parameters > 130_000_000
