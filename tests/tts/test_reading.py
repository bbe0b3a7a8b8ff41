import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.reading import SPELLED, spoken

_READINGS = [
    # Names and abbreviations.
    ("Dr. Smith met Mr. and Mrs. Jones.", "Doctor Smith met Mister and Missus Jones."),
    ("221B Baker St. in London", "two hundred twenty-one B Baker Street in London"),
    ("near St. Paul's", "near Saint Paul's"),
    ("We live on Elm Dr.", "We live on Elm Drive"),
    ("fruit, e.g. apples, i.e. food", "fruit, for example apples, that is food"),
    ("cats vs. dogs, etc.", "cats versus dogs, et cetera."),
    ("Jane Roe, Ph.D., of the U.S. Army", "Jane Roe, ·phd, of the ·US Army"),
    ("No. 5 and #6", "number five and number six"),
    ("Henry VIII and World War II", "Henry the eighth and World War two"),
    ("Chapter IV", "Chapter four"),
    # Numbers.
    (
        "It has 1,234 parts and 3.14 more.",
        "It has one thousand two hundred thirty-four parts and three point one four more.",
    ),
    ("In 1999 and 2005", "In nineteen ninety-nine and two thousand five"),
    ("the '90s and the 1980s", "the nineties and the nineteen eighties"),
    ("the 1st, 22nd and 103rd", "the first, twenty-second and one hundred third"),
    ("1/2 of 3/4, 1½ cups", "one half of three quarters, one and one half cups"),
    ("pages 10–20, a 3-2 win", "pages ten to twenty, a three to two win"),
    ("agent 007", "agent oh oh seven"),
    ("it is -5 outside", "it is minus five outside"),
    ("version 2.13.0 of v1.5", "version two point thirteen point zero of version one point five"),
    ("192.168.0.1", "one hundred ninety-two dot one hundred sixty-eight dot zero dot one"),
    (
        "call 555-0199 or (555) 123-4567",
        "call five five five, oh one nine nine or five five five, one two three, "
        "four five six seven",
    ),
    # Dates and times.
    ("on 5/17/2024", "on May seventeenth, twenty twenty-four"),
    ("on 2024-05-17", "on May seventeenth, twenty twenty-four"),
    ("on 4 July 1976", "on the fourth of July, nineteen seventy-six"),
    ("Jan. 3rd, 2005", "January third, two thousand five"),
    ("May 5", "May fifth"),
    ("at 3:45 p.m. or 9pm", "at three forty-five ·pm or nine ·pm"),
    ("at 7:05, 12:00 and 15:30", "at seven oh five, twelve o'clock and fifteen thirty"),
    # Money and measures.
    ("$1,234.56", "one thousand two hundred thirty-four dollars and fifty-six cents"),
    ("$1, $0.99 and €20", "one dollar, ninety-nine cents and twenty euros"),
    ("£3.5m or $5 billion", "three point five million pounds or five billion dollars"),
    ("30 USD", "thirty dollars"),
    ("5% of 20°C at 10 km/h", "five percent of twenty degrees Celsius at ten kilometers per hour"),
    ("1 kg, 2 kg, 5-10 km", "one kilogram, two kilograms, five to ten kilometers"),
    ("16 GB at 3.5GHz", "sixteen gigabytes at three point five gigahertz"),
    ("a 6'2\" man", "a six foot two man"),
    ("5 m² of land", "five square meters of land"),
    # Addresses.
    ("see https://www.example.com/docs.", "see example dot com slash docs."),
    ("write to jane.doe@example.org", "write to jane dot doe at example dot org"),
    # Signs, markup, punctuation.
    ("2 + 2 = 4 & more", "two plus two equals four and more"),
    ("x² → α", "x squared to alpha"),
    ("**Bold** and [a link](http://x.y)", "Bold and a link"),
    ("well—almost", "well, almost"),
    ("(so they say)", "so they say"),
    ("“Wait… what?!”", "Wait. what?"),
    ("no way!!!", "no way!"),
    ("he left -- again", "he left, again"),
]


@pytest.mark.parametrize(("written", "words"), _READINGS)
def test_writing_is_read_as_a_person_would(written: str, words: str) -> None:
    assert spoken(written) == words


@pytest.mark.parametrize("text", ["", "   ", "...", "—", "😀", "***", "\u200b"])
def test_nothing_to_say_gives_nothing(text: str) -> None:
    assert not any(char.isalnum() for char in spoken(text))


@given(st.text())
def test_any_text_becomes_letters_and_marks(text: str) -> None:
    words = spoken(text)
    for char in words:
        assert char.isalpha() or char in f" '{SPELLED},.;:?!-" or not char.isdecimal()


@given(st.text(alphabet="0123456789.,:/-$%() apmkst'\"", max_size=40))
def test_no_ascii_digit_is_left(text: str) -> None:
    assert not any(char in "0123456789" for char in spoken(text))
