from collections.abc import Sequence

import pytest

from services.tts.lexicon import Lexicon
from services.tts.phonemes import phonemes
from services.tts.reading import spoken


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon()


@pytest.mark.parametrize(
    ("text", "ipa"),
    [
        ("Hello, world!", "həlˈoʊ, wˈɜːld!"),
        ("the cat and the owl", "ðə kˈæt ænd ðɪ ˈaʊl"),
        ("a piece of the end", "ɐ pˈiːs ʌvðɪ ˈɛnd"),
        ("Go to town.", "ɡˌoʊ tə tˈaʊn."),
        ("over a bridge", "ˌoʊvɚɹ ɐ bɹˈɪdʒ"),
        ("Is it?", "ɪz ˈɪt?"),
        ("the U.S.A.", "ðə jˌuːˌɛsˈeɪ."),
        ("HTTP at NASA", "ˌeɪtʃtˌiːtˌiːpˈiː æt nˈæsɐ"),
        ("I read a record.", "aɪ ɹˈɛd ɐ ɹˈɛkɚd."),
        ("They record it.", "ðeɪ ɹᵻkˈoːɹd ɪt."),
        ("café", "kˈæfeɪ"),
        ("iPhone", "ˈaɪfoʊn"),
        ("STOP SHOUTING AT ME NOW", "stˈɑːp ʃˈaʊɾɪŋ æt mˌiː nˈaʊ"),
        ("你好", ""),
        ("...", ""),
    ],
)
def test_sentences(text: str, ipa: str, lexicon: Lexicon) -> None:
    assert phonemes(spoken(text), lexicon) == ipa


def test_an_unknown_word_is_guessed_with_one_primary_stress(lexicon: Lexicon) -> None:
    ipa = phonemes("blorptastic", lexicon)
    assert ipa.count("ˈ") == 1
    assert ipa.endswith("ɪk")


def test_an_unknown_name_has_its_possessive(lexicon: Lexicon) -> None:
    assert phonemes("Zorblat's", lexicon).endswith("s")
    assert phonemes("Zorblad's", lexicon).endswith("z")


class _NoWords:
    """Knows nothing: whatever is asked, it has no sound."""

    def find(self, word: str) -> str | None:
        return None

    def guess(self, word: str) -> str:
        return ""

    def parts_of_speech(self, words: Sequence[str]) -> list[str]:
        return [""] * len(words)


def test_words_without_a_sound_leave_nothing() -> None:
    assert phonemes("xyzzy plugh, foo.", _NoWords()) == ""
