"""The keys of the llm worker's own table in the settings."""

from dataclasses import dataclass

from services.common.settings import SettingsError, WorkerSettings


@dataclass(frozen=True, kw_only=True)
class LlmSettings(WorkerSettings):
    """The [capabilities.llm] table."""

    threads: int = 1
    """CPU threads for computing; 0 lets the library decide. Threads that wait for each other on a
    busy machine can be slower than one by far."""
    max_message_mib: int = 8
    """Largest gRPC message in MiB, in either direction. Text is small, and a message of many tiny
    parts unfolds to twenty times its size."""
    max_concurrent_calls: int = 8
    """The most calls that share the batch."""
    context_length: int = 4096
    """The most tokens of a conversation and its answer; the model's own limit if that is lower."""
    default_max_tokens: int = 512
    """The longest answer for a request that does not say."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("max_concurrent_calls", "context_length", "default_max_tokens"):
            if getattr(self, key) < 1:
                raise SettingsError(f"capabilities.{self.name}.{key}", "must be at least 1")
