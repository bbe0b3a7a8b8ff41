"""A model's own settings: `atelier.json` beside its model_index.json.

A pipeline's class defaults spoil small models, so a folder can say what suits it. All keys may be
left out:

    {
      "defaults": {"steps": 4, "guidance_scale": 1.0, "width": 64, "height": 64, "strength": 0.7,
                   "num_frames": 8, "frames_per_second": 8, "motion_strength": 0.5,
                   "scheduler": "DDIMScheduler"},
      "limits": {"steps": {"minimum": 1, "maximum": 50}, "width": {"allowed": [64]},
                 "num_frames": {"minimum": 9, "maximum": 97, "multiple": 8, "offset": 1},
                 "guidance_scale": {"minimum": 1.0, "maximum": 1.0}},
      "dtype": {"allowed": ["float32"]},
      "schedulers": ["FlowMatchEulerDiscreteScheduler"],
      "image_to_image": false,
      "unsupported": ["negative_prompt"],
      "vocabulary": {"tokenizer": "tokenizer", "unknown_token": "<unk>"},
      "motions": ["left", "right"], "motion_words": ["left", "leftward", "right"],
      "things": ["apple", "hot dog"]
    }

A prompt for a model with motions needs one of the motion words, and one for a model with things one
of the things.

A vocabulary can also be {"file": "words.json"}, a list of words. Knows these keys;
other keys are the model's affair.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.common.settings import SettingsError
from services.diffusion.spans import Reach, Span

FILE = "atelier.json"


@dataclass(frozen=True)
class OwnSettings:
    """What atelier.json says; all empty for a model without one."""

    defaults: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Fields of the request that this model cannot use although its pipeline takes them."""
    vocabulary: Mapping[str, str] = field(default_factory=dict)
    motions: tuple[str, ...] = ()
    """What its clips can do, in a word each."""
    motion_words: tuple[str, ...] = ()
    """The words of a prompt that mean a motion."""
    things: tuple[str, ...] = ()
    """What it can draw."""

    @classmethod
    def read(cls, folder: Path) -> "OwnSettings":
        """Reads the folder's file. Raises SettingsError for one that cannot be understood."""
        path = folder / FILE
        if not path.is_file():
            return cls()
        try:
            tables = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                defaults=dict(tables.get("defaults", {})),
                limits={key: dict(value) for key, value in tables.get("limits", {}).items()},
                dtypes=tuple(tables.get("dtype", {}).get("allowed", ())),
                schedulers=tuple(tables.get("schedulers", ())),
                unsupported=_unsupported(tables),
                vocabulary=dict(tables.get("vocabulary") or {}),
                motions=tuple(tables.get("motions", ())),
                motion_words=tuple(tables.get("motion_words", ())),
                things=tuple(tables.get("things", ())),
            )
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise SettingsError("model", f"{path} cannot be understood: {error}") from None

    def require_dtype(self, setting: str) -> None:
        """Raises SettingsError if the model does not work in the precision that is set."""
        if setting != "auto" and self.dtypes and setting not in self.dtypes:
            raise SettingsError(
                "dtype", f"'{setting}' spoils this model; use auto or {' or '.join(self.dtypes)}"
            )

    def whole(self, key: str, fallback: int) -> int:
        """The default of `key` as a whole number."""
        return int(self.defaults.get(key, fallback))

    def number(self, key: str, fallback: float) -> float:
        """The default of `key` as a number."""
        return float(self.defaults.get(key, fallback))

    def span(self, key: str, fallback: Span) -> Span:
        """The values that `key` may have."""
        limit = self.limits.get(key)
        if limit is None:
            return fallback
        if limit.get("allowed"):
            return Span.of(*limit["allowed"])
        return Span(
            minimum=int(limit.get("minimum", fallback.minimum)),
            maximum=int(limit.get("maximum", fallback.maximum)),
            multiple=int(limit.get("multiple", fallback.multiple)),
            offset=int(limit.get("offset", fallback.offset)),
        )

    def reach(self, key: str, fallback: Reach) -> Reach:
        """The numbers that `key` may be."""
        limit = self.limits.get(key, {})
        return Reach(
            float(limit.get("minimum", fallback.minimum)),
            float(limit.get("maximum", fallback.maximum)),
        )


def _unsupported(tables: Mapping[str, Any]) -> tuple[str, ...]:
    named = tuple(tables.get("unsupported", ()))
    return named if tables.get("image_to_image", True) else (*named, "image")
