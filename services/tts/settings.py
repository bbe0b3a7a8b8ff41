"""The keys of the tts worker's own table in the settings."""

from dataclasses import dataclass

from services.common.settings import SettingsError, WorkerSettings


@dataclass(frozen=True, kw_only=True)
class TtsSettings(WorkerSettings):
    """The [capabilities.tts] table."""

    threads: int = 1
    """CPU threads for computing; 0 lets the library decide. One makes ten seconds of sound a
    second, and is not slowed down by others as several that wait for each other are."""
    max_unary_characters: int = 4096
    """The longest text that Synthesize takes; StreamSynthesize reads longer ones."""
    max_stream_characters: int = 100_000
    """The longest text that StreamSynthesize takes, some two hours of sound."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("max_unary_characters", "max_stream_characters"):
            if getattr(self, key) < 1:
                raise SettingsError(f"capabilities.{self.name}.{key}", "must be at least 1")
