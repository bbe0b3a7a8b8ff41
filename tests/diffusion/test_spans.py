import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidArgument
from services.diffusion.spans import Complaints, Reach, Span

FRAMES = Span(9, 97, multiple=8, offset=1)


@pytest.mark.parametrize(
    ("span", "value", "fits", "nearest"),
    [
        (Span(64, 2048, 8), 512, True, (512,)),
        (Span(64, 2048, 8), 100, False, (96, 104)),
        (Span(64, 2048, 8), 1, False, (64,)),
        (Span(64, 2048, 8), 20_000, False, (2048,)),
        (Span(60, 2050, 8), 2049, False, (2048,)),
        (FRAMES, 17, True, (17,)),
        (FRAMES, 16, False, (9, 17)),
        (FRAMES, 10_000, False, (97,)),
        (Span.of(64), 65, False, (64,)),
        (Span.of(256, 64), 128, False, (64, 256)),
        (Span(1, 150), 0, False, (1,)),
    ],
)
def test_values_and_their_neighbours(
    span: Span, value: int, fits: bool, nearest: tuple[int, ...]
) -> None:
    assert (value in span) is fits
    assert span.nearest(value) == nearest


@given(
    st.integers(1, 50), st.integers(0, 500), st.integers(1, 16), st.integers(0, 3),
    st.integers(-100, 1000),
)  # fmt: skip
def test_the_nearest_always_fit(
    minimum: int, length: int, multiple: int, offset: int, value: int
) -> None:
    span = Span(minimum, minimum + multiple + length, multiple, offset % multiple)
    for near in span.nearest(value):
        assert near in span
    assert (value in span) == (span.nearest(value) == (value,))


def test_a_refusal_says_what_can_be_had() -> None:
    assert FRAMES.refusal("num_frames", 16).description == (
        "must be 1 more than a multiple of 8 from 9 to 97, not 16; the nearest are 9 and 17"
    )
    assert Span.of(64).refusal("width", 65).description == "must be 64, not 65; the nearest is 64"


def test_complaints_are_told_all_at_once() -> None:
    complaints = Complaints()
    complaints.require("steps", 0, Span(1, 10))
    complaints.require("steps", 5, Span(1, 10))
    complaints.require("guidance_scale", float("nan"), Reach(0, 30))
    complaints.add("prompt", "is empty")
    with pytest.raises(InvalidArgument) as caught:
        complaints.raise_any()
    assert [item.field for item in caught.value.violations] == [
        "steps", "guidance_scale", "prompt",
    ]  # fmt: skip
