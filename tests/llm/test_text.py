"""Tokens to text in any pieces, and stop strings against the plain way of cutting."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.llm.text import Detokenizer, StopFinder

TEXTS = st.text(alphabet=st.sampled_from("ab é😀🏳️‍🌈한\n"), max_size=30)


def decode(tokens: Sequence[int]) -> str:
    """A tokenizer whose tokens are bytes, as byte-level ones are at worst."""
    return bytes(tokens).decode("utf-8", errors="replace")


def chunks(data: st.DataObject, items: Sequence[int]) -> list[list[int]]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=8)))
    return [
        list(items[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(items)], strict=True)
    ]


@given(TEXTS, st.data())
def test_characters_are_whole_however_their_bytes_come(text: str, data: st.DataObject) -> None:
    detokenizer = Detokenizer(decode)
    pieces = [detokenizer.add(chunk) for chunk in chunks(data, list(text.encode()))]
    assert all("�" not in piece for piece in pieces)
    assert "".join(pieces) + detokenizer.end() == text


@given(TEXTS)
def test_each_character_is_shown_with_its_last_byte(text: str) -> None:
    detokenizer = Detokenizer(decode)
    for letter in text:
        *first, last = letter.encode()
        assert [detokenizer.add([byte]) for byte in first] == [""] * len(first)
        assert detokenizer.add([last]) == letter


def test_a_character_that_stays_broken_is_left_out_at_the_end() -> None:
    detokenizer = Detokenizer(decode)
    assert detokenizer.add(list("é!".encode()[:1])) == ""
    assert detokenizer.end() == ""


def test_a_tokenizer_may_decode_a_token_differently_after_another() -> None:
    def joined(tokens: Sequence[int]) -> str:
        """Drops the space before the first word, as sentencepiece does."""
        return "".join((" one", " two", " three")[token] for token in tokens)[1:]

    detokenizer = Detokenizer(joined)
    assert [detokenizer.add([token]) for token in (0, 1, 2)] == ["one", " two", " three"]


def naive_cut(text: str, stops: Sequence[str]) -> str:
    places = [text.find(stop) for stop in stops]
    return text[: min((place for place in places if place >= 0), default=len(text))]


@given(
    st.lists(st.text(alphabet="ab", max_size=4), max_size=12),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=3),
)
def test_the_text_is_cut_where_the_whole_would_be(pieces: list[str], stops: list[str]) -> None:
    """A stop string that ends earlier wins over one that would begin earlier but is not whole."""
    finder = StopFinder(stops)
    shown, fed = "", ""
    for piece in pieces:
        for letter in piece:
            shown += finder.add(letter)
            fed += letter
            assert naive_cut(fed, stops).startswith(shown)
            if finder.found:
                assert shown == naive_cut(fed, stops)
                return
    assert shown + finder.end() == fed == naive_cut(fed, stops)


@given(
    st.lists(st.text(alphabet="abc", max_size=6), max_size=12),
    st.text(alphabet="abc", min_size=1, max_size=5),
)
def test_the_pieces_make_no_difference(pieces: list[str], stop: str) -> None:
    finder = StopFinder([stop])
    shown = "".join(map(finder.add, pieces)) + finder.end()
    assert shown == naive_cut("".join(pieces), [stop])
    assert finder.found == (stop in "".join(pieces))


def test_nothing_is_held_back_that_cannot_become_a_stop_string() -> None:
    finder = StopFinder(["END"])
    assert [finder.add(piece) for piece in ("an E", "N", "x", "EN")] == ["an ", "", "ENx", ""]
    assert finder.end() == "EN"
    assert StopFinder([]).add("all") == "all"
