"""Loads a causal language model and its tokenizer. Knows files and formats, not how to generate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from services.common.device import pick_device
from services.common.errors import ModelLoadFailed
from services.common.model_slot import LoadedModel
from services.common.models import ModelSource
from services.llm.engine_rows import separate_rows
from services.llm.sampling import SamplingDefaults

_INVISIBLE = "\u200b"  # zero width space
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class Brain:
    """A model that can answer, with what belongs to it."""

    model: Any
    tokenizer: Any
    end_tokens: tuple[int, ...]
    context_length: int
    defaults: SamplingDefaults
    reproducible: bool
    """Whether equal seeds give equal answers beside strangers in the batch."""
    control_words: tuple[str, ...]
    """How the tokens are written that are no text, the end of a message for example."""
    most_characters: int
    """No longer text can have as few tokens as the context."""

    def quoted(self, message: dict[str, str]) -> dict[str, str]:
        """The message with control words in its content as mere text.

        As control tokens they could end the message and begin another one in another's name. An
        invisible character behind the first of theirs keeps them from being that.
        """
        content = message["content"]
        for word in self.control_words:
            content = content.replace(word, word[0] + _INVISIBLE + word[1:])
        return {**message, "content": content}


def tokenizer_at_hand(source: ModelSource) -> Any:
    """The tokenizer of a folder that has one ready; None where it takes long or fails.

    Reading it holds up every other thread for a moment, so a worker does it before it serves.
    """
    if not source.is_local or not Path(source.location, "tokenizer.json").is_file():
        return None
    try:
        return AutoTokenizer.from_pretrained(
            source.location, trust_remote_code=False, local_files_only=True
        )
    except Exception:  # noqa: BLE001 - load() meets it again and tells the caller
        return None


def load(
    source: ModelSource, *, device: str, dtype: str, context_length: int, tokenizer: Any = None
) -> LoadedModel[Brain]:
    """Loads the model of a folder, a GGUF file or a hub id, and its tokenizer if none is given.

    Only safetensors and GGUF weights, and no code of the model's own. Raises ModelLoadFailed where
    that is not to be had, or the model has no chat template; OSError and others from transformers.
    """
    transformers_logging.disable_progress_bar()  # a log is no terminal
    place = pick_device(device, cuda_devices=torch.cuda.device_count())
    kind = _dtype(dtype, place)
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": source.is_local}
    location = _located(source, options)
    tokenizer = tokenizer or AutoTokenizer.from_pretrained(location, **options)
    if not tokenizer.chat_template:
        raise ModelLoadFailed(
            f"{source.name} has no chat template; it is a base model, take one made for chat"
        )
    model = AutoModelForCausalLM.from_pretrained(
        location, dtype=kind, use_safetensors=True, **options
    )
    model = model.to(place).eval()
    context_length = min(
        context_length, getattr(model.config, "max_position_embeddings", context_length)
    )
    brain = Brain(
        model=model,
        tokenizer=tokenizer,
        end_tokens=_end_tokens(model, tokenizer),
        context_length=context_length,
        control_words=_control_words(tokenizer),
        most_characters=context_length * max(map(len, tokenizer.get_vocab())),
        defaults=_defaults(model.generation_config),
        reproducible=separate_rows(model),
    )
    return LoadedModel(
        value=brain,
        device=place,
        dtype=str(model.dtype).removeprefix("torch."),
        parameters=model.num_parameters(),
    )


def _located(source: ModelSource, options: dict[str, Any]) -> str:
    """What from_pretrained takes; adds the file's name to the options for a GGUF file."""
    if not source.is_local:
        return source.location
    path = Path(source.location)
    if path.is_file():
        if path.suffix != ".gguf":
            raise ModelLoadFailed(f"{path.name} is no GGUF file; name a folder or a .gguf file")
        options["gguf_file"] = path.name
        return str(path.parent)
    if any(path.glob("*.safetensors")):
        return str(path)
    gguf = sorted(path.glob("*.gguf"))
    if gguf:
        options["gguf_file"] = gguf[0].name
        return str(path)
    pickled = any(item for pattern in _PICKLES for item in path.glob(pattern))
    found = "only pickled weights, which can run code" if pickled else "no weights"
    raise ModelLoadFailed(f"{path.name} has {found}; it needs .safetensors or .gguf files")


def _dtype(setting: str, device: str) -> torch.dtype:
    if setting != "auto":
        kind: torch.dtype = getattr(torch, setting)
        return kind
    if device.startswith("cuda") or _computes_bfloat16():
        return torch.bfloat16
    return torch.float32


def _computes_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself; without that it is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    known = {*ends, model.config.eos_token_id, tokenizer.eos_token_id}
    return tuple(sorted(item for item in known if isinstance(item, int)))


def _control_words(tokenizer: Any) -> tuple[str, ...]:
    added = tokenizer.added_tokens_decoder.values()
    words = {item.content for item in added if item.special} | set(tokenizer.all_special_tokens)
    return tuple(sorted(word for word in words if len(word) > 1))


def _defaults(config: Any) -> SamplingDefaults:
    """The model's own defaults; a model that does not sample by default is greedy."""
    if not config.do_sample:
        return SamplingDefaults(
            temperature=0.0, repetition_penalty=config.repetition_penalty or 1.0
        )
    return SamplingDefaults(
        temperature=1.0 if config.temperature is None else float(config.temperature),
        top_p=float(config.top_p or 1.0),
        top_k=int(config.top_k or 0),
        repetition_penalty=float(config.repetition_penalty or 1.0),
    )
