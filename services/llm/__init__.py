"""The llm worker: chat with a causal language model, many callers in one batch."""
