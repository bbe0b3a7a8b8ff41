"""What a voice's folder says of itself before it is loaded: voices, language, sample rate.

Reads config.json, tokenizer_config.json and Atelier's own voice.json. Knows no torch.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.tts.speech import Voice

ReadFile = Callable[[str], str | None]
"""The text of a file of the model by its name; None if it is not there (yet)."""

_LANGUAGES = {
    "ara": "ar",
    "ben": "bn",
    "cmn": "zh",
    "deu": "de",
    "eng": "en",
    "en-us": "en-US",
    "fin": "fi",
    "fra": "fr",
    "hin": "hi",
    "ind": "id",
    "ita": "it",
    "jpn": "ja",
    "kor": "ko",
    "nld": "nl",
    "pol": "pl",
    "por": "pt",
    "rus": "ru",
    "spa": "es",
    "swe": "sv",
    "swh": "sw",
    "tur": "tr",
    "ukr": "uk",
    "vie": "vi",
}
"""BCP 47 wants the short code where there is one."""


@dataclass(frozen=True)
class Framing:
    """The symbols around and between a sentence's phonemes."""

    begin: str = ""
    between: str = ""
    end: str = ""

    def around(self, symbols: str) -> str:
        """The symbols as the model wants them, one by one."""
        parts = [self.begin, *symbols, self.end]
        return self.between.join(part for part in parts if part)


@dataclass(frozen=True)
class Description:
    """A voice model as its files describe it."""

    voices: tuple[Voice, ...]
    """At least one, the default one first; the speaker's number is its place."""
    language: str
    phonemes: bool
    """Whether the model was trained on espeak's IPA for American English, not on letters."""
    framing: Framing = Framing()
    residual_kind: int = 1
    residual_shift: float = 0.0
    licence: str = ""


def describe(name: str, read: ReadFile) -> Description:
    """The description of the model called `name`, from what `read` finds.

    Files that are missing are no error: a model that is not on this machine yet has one voice
    that is called after it.
    """
    own = _json(read("voice.json"))
    config = _json(read("config.json"))
    tokenizer = _json(read("tokenizer_config.json"))
    language = str(own.get("language") or _language(name, tokenizer))
    speakers = int(config.get("num_speakers") or 1)
    framing = own.get("framing", {})
    return Description(
        voices=_voices(own, name, language, speakers),
        language=language,
        phonemes=own.get("phonemes") == "espeak-ipa" or bool(tokenizer.get("phonemize")),
        framing=Framing(**{key: str(value) for key, value in framing.items()}),
        residual_kind=int(own.get("residual_block", 1)),
        residual_shift=float(own.get("identity_shift", 0.0)),
        licence=str(own.get("licence", "")),
    )


def _json(text: str | None) -> dict[str, Any]:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def _language(name: str, tokenizer: dict[str, Any]) -> str:
    """MMS models carry their language in the tokenizer and in the name."""
    code = tokenizer.get("language")
    if not code:
        match = re.search(r"mms-tts-([a-z]{3})\b", name)
        code = match[1] if match else "und"
    return _LANGUAGES.get(str(code), str(code))


def _voices(own: dict[str, Any], name: str, language: str, speakers: int) -> tuple[Voice, ...]:
    if speakers > 1:
        return tuple(
            Voice(f"speaker-{number}", language, f"Speaker {number}") for number in range(speakers)
        )
    short = name.rpartition("/")[2]
    voice_id = str(own.get("id") or re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-"))
    return (Voice(voice_id, language, str(own.get("display_name") or short)),)
