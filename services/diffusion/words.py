"""The words that a model knows, so that it can say which of a prompt it does not."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """A small model's vocabulary; an empty one knows every word."""

    known: frozenset[str] = frozenset()
    motions: tuple[str, ...] = ()
    """Words of which a prompt needs one, so that something moves."""

    def warnings(self, prompt: str) -> list[str]:
        """What the caller should know about this prompt."""
        words = list(dict.fromkeys(re.findall(r"\w+", prompt.lower())))
        unknown = [word for word in words if self.known and word not in self.known]
        warnings = []
        if unknown:
            plural = "words" if len(unknown) > 1 else "word"
            quoted = ", ".join(f"'{word}'" for word in unknown[:12])
            warnings.append(f"the model does not know the {plural} {quoted}")
        if self.motions and words and not set(words) & set(self.motions):
            warnings.append(
                f"the prompt names no motion that the model knows: {', '.join(self.motions)}"
            )
        return warnings


def read_words(folder: Path, where: Mapping[str, str], motions: tuple[str, ...] = ()) -> Words:
    """The words that `where` points at: a "tokenizer" folder or a "file" of the model's folder.

    A file is a list of words or an object whose keys are words. What cannot be found or read
    makes a model that warns of no word.
    """
    for path in _candidates(folder, where):
        try:
            return Words(_entries(json.loads(path.read_text(encoding="utf-8"))), motions)
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return Words(motions=motions)


def _candidates(folder: Path, where: Mapping[str, str]) -> list[Path]:
    if "file" in where:
        return [folder / where["file"]]
    if "tokenizer" in where:
        return [folder / where["tokenizer"] / name for name in ("tokenizer.json", "vocab.json")]
    return []


def _entries(content: object) -> frozenset[str]:
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]["vocab"]
    if not isinstance(content, (dict, list)):
        raise TypeError("no list of words")
    return frozenset(str(entry).removesuffix("</w>").lower() for entry in content)
