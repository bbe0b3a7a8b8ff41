"""Colour words and recolouring, on a drawing made here."""

import numpy as np
import pytest

from models.emoji_draw_64.colours import (
    COLOURS,
    Colour,
    from_hsv,
    hue_distance,
    main_hue,
    mean_hue,
    recolour,
    to_hsv,
    word_for,
)


def disc(rgb: tuple[int, int, int]) -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    inside = (rows - 32) ** 2 + (columns - 32) ** 2 < 28**2
    picture = np.zeros((64, 64, 4), dtype=np.uint8)
    picture[inside] = (*rgb, 255)
    return picture


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((230, 20, 20), "red"),
        ((250, 130, 20), "orange"),
        ((250, 210, 20), "yellow"),
        ((20, 160, 30), "green"),
        ((20, 110, 240), "blue"),
    ],
)
def test_a_disc_is_called_by_its_colour(rgb: tuple[int, int, int], word: str) -> None:
    hue = main_hue(disc(rgb))
    assert hue is not None
    assert word_for(hue) == word


def test_a_grey_disc_has_no_main_hue() -> None:
    assert main_hue(disc((120, 120, 120))) is None


def test_an_empty_picture_has_no_main_hue() -> None:
    assert main_hue(np.zeros((64, 64, 4), dtype=np.uint8)) is None


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.word)
def test_recolouring_brings_the_hue_that_the_word_means(colour: Colour) -> None:
    red = disc((230, 20, 20))
    main = main_hue(red)
    assert main is not None
    found = main_hue(recolour(red, main, colour))
    assert found is not None
    assert hue_distance(found, colour.hue) < 12


def test_recolouring_leaves_other_hues_and_the_outline_alone() -> None:
    picture = disc((230, 20, 20))
    picture[30:34, 30:34, :3] = (20, 160, 30)
    blue = next(colour for colour in COLOURS if colour.word == "blue")
    changed = recolour(picture, 0.0, blue)
    assert (changed[31, 31, :3] == (20, 160, 30)).all()
    assert (changed[..., 3] == picture[..., 3]).all()


def test_hsv_there_and_back_is_the_same_colour() -> None:
    colours = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    assert np.allclose(from_hsv(*to_hsv(colours)), colours, atol=1e-5)


def test_the_mean_of_hues_goes_the_short_way_round() -> None:
    mean = mean_hue(np.array([350.0, 10.0], dtype=np.float32), np.ones(2, dtype=np.float32))
    assert hue_distance(mean, 0.0) < 1e-3
