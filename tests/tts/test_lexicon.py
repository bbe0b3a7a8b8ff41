import pytest

from services.tts.heteronyms import HETERONYMS, kind
from services.tts.lexicon import Lexicon


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon()


@pytest.mark.parametrize(
    ("word", "ipa"),
    [
        ("water", "wˈɔːɾɚ"),
        ("computer", "kəmpjˈuːɾɚ"),
        ("garden", "ɡˈɑːɹdən"),  # in the word list it leant towards the next word
        ("at", "æt"),
        ("singing", "sˈɪŋɪŋ"),
        ("qqqq", None),
    ],
)
def test_known_words(word: str, ipa: str | None, lexicon: Lexicon) -> None:
    assert lexicon.find(word) == ipa


def test_parts_of_speech_tell_a_noun_from_a_verb(lexicon: Lexicon) -> None:
    tags = lexicon.parts_of_speech(["They", "record", "a", "record", "."])
    assert [kind(tag) for tag in tags] == ["", "verb", "", "noun", ""]
    assert lexicon.parts_of_speech([]) == []


def test_what_has_no_letters_cannot_be_guessed(lexicon: Lexicon) -> None:
    assert lexicon.guess("你好") == ""


def test_heteronyms_use_the_symbols_of_the_lexicon(lexicon: Lexicon) -> None:
    known = {char for word in ("computer", "the") for char in lexicon.find(word) or ""}
    symbols = known | set("aeiouæɐɑɔəɚɛɜɪʊʌᵻˈˌːbdfhjklmnpstvwzðŋɡɹɾʃʒθ")
    for readings in HETERONYMS.values():
        for ipa in readings.values():
            assert set(ipa) <= symbols
