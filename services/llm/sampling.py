"""How the words of an answer are chosen, as plain values. Knows no tensor and no message."""

from dataclasses import dataclass

_COLDEST = 1e-4
"""Below this temperature only the likeliest token has a chance that a float can hold."""

_GREEDY_BELOW = 1e-4


@dataclass(frozen=True)
class Sampling:
    """The choice's parameters; see ChatRequest in llm.proto for their meaning."""

    temperature: float
    """0 (the likeliest token) to 2."""
    top_p: float
    """More than 0, at most 1 (off)."""
    top_k: int
    """0 (off) or more."""
    repetition_penalty: float
    """1 (off) to 2."""
    seed: int
    """0 to 2**32 - 1."""

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always chosen; so it is below what float32 can tell."""
        return self.temperature < _GREEDY_BELOW or self.top_k == 1


@dataclass(frozen=True)
class SamplingDefaults:
    """What a request gets for what it leaves out: the model's own."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
