"""The filter of ListOperations: what it understands, and how it says what it does not."""

import pytest

from services.common.errors import InvalidArgument
from services.gateway.jobs.filters import Filter, read_filter
from services.gateway.jobs.record import ENDED, STATES

ALL = frozenset(STATES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Filter("", ALL)),
        ("  ", Filter("", ALL)),
        ("done = true", Filter("", ENDED)),
        ("done=false", Filter("", ALL - ENDED)),
        ('metadata.state = "queued"', Filter("", frozenset({"queued"}))),
        ("metadata.state = queued", Filter("", frozenset({"queued"}))),
        ('metadata.capability = "tts"', Filter("tts", ALL)),
        (
            'done = false AND metadata.capability = "videogen" AND metadata.state="running"',
            Filter("videogen", frozenset({"running"})),
        ),
        ('done = true AND metadata.state = "queued"', Filter("", frozenset(), nothing=True)),
        (
            'metadata.capability = "a" AND metadata.capability = "b"',
            Filter("a", frozenset(), nothing=True),
        ),
        ('metadata.capability = "a" AND metadata.capability = "a"', Filter("a", ALL)),
    ],
)
def test_what_can_be_asked(text: str, expected: Filter) -> None:
    assert read_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("done", "'done' is no term"),
        ("done = maybe", "done is true or false, not 'maybe'"),
        ('metadata.state = "dead"', "there is no state 'dead'; states are queued,"),
        ('name = "x"', "'name' cannot be asked for; known are done,"),
        ("done = true OR done = false", "is no term"),
        ("done = true AND", "'' is no term"),
        ("x" * 500, "is no term"),
    ],
)
def test_what_cannot_be_asked_is_told_with_the_field(text: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read_filter(text)
    assert caught.value.violations[0].field == "filter"
    assert words in caught.value.message
    assert len(caught.value.message) < 400
