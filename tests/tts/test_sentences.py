import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tts.sentences import FIRST_LIMIT, LIMIT, sentences


def pieces(text: str) -> list[str]:
    return [sentence.text for sentence in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith left. He ran.", ["Dr. Smith left.", "He ran."]),
        ("J. R. R. Tolkien wrote it.", ["J. R. R. Tolkien wrote it."]),
        ("It costs $3.50. Cheap!", ["It costs $3.50.", "Cheap!"]),
        ("At 5 p.m. we left. At 5 p.m. The end.", ["At 5 p.m. we left.", "At 5 p.m.", "The end."]),
        (
            "See Fig. 3, e.g. this. On Jan. 5 it rained.",
            ["See Fig. 3, e.g. this.", "On Jan. 5 it rained."],
        ),
        ('"Stop!" he said. "Why?"', ['"Stop!" he said.', '"Why?"']),
        ("Title\n\nText here", ["Title", "Text here"]),
        ("Buy:\n- milk\n- bread", ["Buy:", "- milk", "- bread"]),
        ("one line\nand the next", ["one line\nand the next"]),
        ("all in lower case. no capitals? none!", ["all in lower case.", "no capitals?", "none!"]),
        ("He thought... and left", ["He thought... and left"]),
        ("I said No. 5 is alive. No. We left.", ["I said No. 5 is alive.", "No.", "We left."]),
        ("So do I. You too.", ["So do I.", "You too."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("  \n ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_long_first_sentence_is_cut_early_at_a_clause() -> None:
    text = "When the rain had stopped at last, " * 20 + "we left."
    lengths = [len(piece) for piece in pieces(text)]
    assert lengths[0] <= FIRST_LIMIT
    assert all(length <= LIMIT for length in lengths)
    assert pieces(text)[0].endswith(",")


def test_an_endless_word_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in pieces("x" * 1000)] == [160, 320, 320, 200]


def test_the_text_is_cut_as_it_is_read() -> None:
    # Fifty million characters: the first sentence must not wait for the last.
    text = "Short one. " * 5_000_000
    assert next(sentences(text)).text == "Short one."


@given(st.text(alphabet="ab .,;:!?\n\"'()-—…Dr", max_size=800))
def test_pieces_stand_where_they_say_and_nothing_is_lost(text: str) -> None:
    found = list(sentences(text))
    for sentence in found:
        assert text[sentence.offset :].startswith(sentence.text)
        assert len(sentence.text) <= LIMIT
    kept = "".join(sentence.text for sentence in found)
    assert "".join(kept.split()) == "".join(text.split())
