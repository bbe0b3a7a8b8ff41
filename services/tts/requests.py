"""A request checked and turned into a Speech: every field, its range, and what to do about it.

Knows the contract's words; knows neither calls nor models.
"""

import secrets
from collections.abc import Sequence

from atelier.tts.v1 import tts_pb2
from services.common.errors import FieldViolation, InvalidArgument
from services.tts import text as characters
from services.tts.speech import FORMATS, SPEED_MAX, SPEED_MIN, Speech, Voice


def speech(
    request: tts_pb2.SynthesizeRequest,
    *,
    voices: Sequence[Voice],
    voices_are_all: bool,
    max_characters: int,
    max_held_bytes: int | None,
) -> Speech:
    """What the request asks for, defaults filled in.

    `voices`: the model's, the default one first; `voices_are_all`: whether a voice that is not
    among them can be refused already.
    Raises InvalidArgument with all violations at once.
    """
    violations = [
        *_text_violations(request.text, max_characters, held=max_held_bytes is not None),
        *_choice_violations(request),
    ]
    if request.voice and voices_are_all and request.voice not in {voice.id for voice in voices}:
        violations.append(unknown_voice(request.voice, voices))
    if violations:
        raise InvalidArgument(*violations)
    return Speech(
        text=request.text,
        voice=request.voice or voices[0].id,
        format=request.format or FORMATS[0],
        speed=request.speed if request.HasField("speed") else 1.0,
        seed=request.seed if request.HasField("seed") else secrets.randbits(32),
        max_held_bytes=max_held_bytes,
    )


def unknown_voice(voice: str, voices: Sequence[Voice]) -> FieldViolation:
    """The violation of a voice that the model does not have."""
    known = ", ".join(item.id for item in voices[:20])
    return FieldViolation("voice", f"there is no voice '{voice}'; use one of {known}, or none")


def _text_violations(text: str, max_characters: int, *, held: bool) -> list[FieldViolation]:
    if not text.strip():
        return [FieldViolation("text", "is empty; give at least one word to speak")]
    if len(text) > max_characters:
        advice = "use StreamSynthesize or split it" if held else "split it"
        return [
            FieldViolation(
                "text",
                f"has {len(text)} characters, more than the {max_characters} allowed; {advice}",
            )
        ]
    place = characters.control_character(text)
    if place is not None:
        return [
            FieldViolation(
                "text",
                f"has the control character U+{ord(text[place]):04X} at character {place}; "
                "remove it",
            )
        ]
    if not characters.may_be_spoken(text):
        return [FieldViolation("text", "has nothing that can be spoken; add words")]
    return []


def _choice_violations(request: tts_pb2.SynthesizeRequest) -> list[FieldViolation]:
    violations = []
    if request.format and request.format not in FORMATS:
        violations.append(
            FieldViolation(
                "format", f"'{request.format}' is none of {', '.join(FORMATS)}; use one of them"
            )
        )
    if request.HasField("speed") and not SPEED_MIN <= request.speed <= SPEED_MAX:
        violations.append(
            FieldViolation(
                "speed",
                f"must be from {SPEED_MIN:g} to {SPEED_MAX:g}, not {request.speed:g}; "
                "1 is the voice's own pace",
            )
        )
    return violations
