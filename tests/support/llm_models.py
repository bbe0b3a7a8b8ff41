"""Language models for tests: the real starter model, and folders made from its tokenizer."""

from pathlib import Path

import torch
from prometheus_client import CollectorRegistry
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from services.common.models import ModelSource, starter_models
from services.common.worker_metrics import WorkerMetrics
from services.llm.engine import LlmEngine
from services.llm.metrics import STAGES
from tests.support.llm_worker import settings

STARTER = "smollm2-135m-instruct"


def starter_folder(scratch: Path) -> Path:
    """The prepared starter model; converted into `scratch` if it was not prepared."""
    prepared = starter_models()[STARTER].location()
    if prepared.exists():
        return prepared
    from models.smollm2_135m_instruct.convert import convert

    convert(scratch)
    return scratch


def engine_of(location: Path, metrics: WorkerMetrics | None = None, **keys: object) -> LlmEngine:
    """An engine for a folder or file, on one CPU thread."""
    source = ModelSource(name=location.name, location=str(location), is_local=True)
    metrics = metrics or WorkerMetrics(CollectorRegistry(), STAGES)
    return LlmEngine(settings(threads=1, **keys), source, metrics)


def write_tiny_model(folder: Path, tokenizer: Path, **options: object) -> Path:
    """A Llama with random weights that writes gibberish quickly, with a real tokenizer."""
    torch.manual_seed(0)
    tokens = AutoTokenizer.from_pretrained(tokenizer)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=tokens.eos_token_id,
        **options,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder
