"""What the llm worker measures beside what every worker does. Declares series; counts nothing."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STAGES = ("prefill", "decode")
_FIRST_TOKEN_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 4, 8, 15, 30, 60)
_SPEED_BUCKETS = (1, 2, 5, 10, 20, 40, 80, 160, 320)


class LlmMetrics:
    """The series of chats."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.time_to_first_token_seconds = Histogram(
            "atelier_llm_time_to_first_token_seconds",
            "Time from a call's arrival to its first token.",
            buckets=_FIRST_TOKEN_BUCKETS,
            registry=registry,
        )
        self.tokens_per_second = Histogram(
            "atelier_llm_tokens_per_second",
            "Tokens a second of one answer, the first token not counted.",
            buckets=_SPEED_BUCKETS,
            registry=registry,
        )
        tokens = Counter(
            "atelier_llm_tokens",
            "Tokens of conversations (in) and of answers (out).",
            ["direction"],
            registry=registry,
        )
        self.tokens_in = tokens.labels(direction="in")
        self.tokens_out = tokens.labels(direction="out")
        self.batch_size = Gauge(
            "atelier_llm_batch_size", "Calls that share the batch now.", registry=registry
        )
