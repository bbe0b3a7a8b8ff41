import pytest

from services.tts import numerals


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (13, "thirteen"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (110, "one hundred ten"),
        (1001, "one thousand one"),
        (1234, "one thousand two hundred thirty-four"),
        (1_000_000, "one million"),
        (2_000_000_015, "two billion fifteen"),
        (-5, "minus five"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    assert numerals.cardinal(number) == words


def test_numbers_beyond_words_are_read_digit_by_digit() -> None:
    assert numerals.cardinal(10**15).startswith("one zero zero")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (100, "one hundredth"),
        (1003, "one thousand third"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert numerals.ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1066, "ten sixty-six"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (1999, "nineteen ninety-nine"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2024, "twenty twenty-four"),
    ],
)
def test_years(number: int, words: str) -> None:
    assert numerals.year(number) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3.14", "three point one four"),
        ("-0.5", "minus zero point five"),
        (".5", "zero point five"),
        ("1,234", "one thousand two hundred thirty-four"),
        ("007", "oh oh seven"),
    ],
)
def test_decimals(text: str, words: str) -> None:
    assert numerals.decimal(text) == words


def test_fractions_and_decades() -> None:
    assert numerals.fraction(1, 2) == "one half"
    assert numerals.fraction(3, 4) == "three quarters"
    assert numerals.fraction(2, 3) == "two thirds"
    assert numerals.decade(90) == "nineties"
    assert numerals.decade(1980) == "nineteen eighties"


@pytest.mark.parametrize(
    ("text", "value"),
    [("I", 1), ("IV", 4), ("VIII", 8), ("XLII", 42), ("MCMXCIX", 1999), ("IC", None), ("", None)],
)
def test_roman_numerals(text: str, value: int | None) -> None:
    assert numerals.roman(text) == value
