"""The recipe of the starter language model, SmolLM2-135M-Instruct."""
