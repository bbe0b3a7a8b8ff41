import pytest

from services.common.settings import SettingsError
from services.tts.settings import TtsSettings


def settings(**keys: int) -> TtsSettings:
    return TtsSettings(
        name="tts",
        service="atelier.tts.v1.TtsService",
        port=0,
        metrics_port=0,
        model="x",
        **keys,  # type: ignore[arg-type]
    )


def test_one_thread_is_the_default() -> None:
    assert settings().threads == 1


@pytest.mark.parametrize("key", ["max_unary_characters", "max_stream_characters"])
def test_limits_must_let_something_through(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        settings(**{key: 0})
