import pytest

from services.tts import text
from services.tts.abbreviations import SIGNS


@pytest.mark.parametrize(
    ("value", "place"),
    [("plain", None), ("tab\tand\nline\r\n", None), ("nul\0", 3), ("\x1b[0m", 0), ("a\x7f", 1)],
)
def test_control_characters_are_found(value: str, place: int | None) -> None:
    assert text.control_character(value) == place


@pytest.mark.parametrize("value", ["word", "5", "привет", "$", "&"])
def test_what_may_be_spoken(value: str) -> None:
    assert text.may_be_spoken(value)


@pytest.mark.parametrize("value", ["", " ", "...", "😀🎉", "\u200b", "()"])
def test_what_nobody_speaks(value: str) -> None:
    assert not text.may_be_spoken(value)


def test_other_scripts_and_pictures_are_named_once() -> None:
    assert text.unspeakable("Hi 你好 😀 café ½ € 你", SIGNS) == ["你", "好", "😀"]


def test_a_long_list_is_shortened() -> None:
    assert text.described("абвгдежзик") == ("'а', 'б', 'в', 'г', 'д', 'е', 'ж', 'з' and 2 more")
