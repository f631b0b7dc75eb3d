"""Painted masks: what is taken, what is refused, and what becomes of one on a squeezed image."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from shared.errors import InvalidInput
from shared.masks import IGNORE, LOOK, MAX_BYTES, NOTHING, decode_mask, encode_mask, ignored

LEVELS = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 128, 255])
)


@given(levels=LEVELS)
def test_a_mask_comes_back_as_it_was_painted(levels: np.ndarray) -> None:
    height, width = levels.shape
    np.testing.assert_array_equal(decode_mask(encode_mask(levels), width, height), levels)


def test_a_browser_s_png_with_colours_and_alpha_is_the_same_mask() -> None:
    levels = np.zeros((4, 6), np.uint8)
    levels[1, 2:4], levels[3, 5] = IGNORE, LOOK
    target = BytesIO()
    Image.fromarray(levels).convert("RGBA").save(target, "PNG")
    np.testing.assert_array_equal(decode_mask(target.getvalue(), 6, 4), levels)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (encode_mask(np.zeros((3, 4), np.uint8)), "the mask is 4 × 3 pixels, the image is 6 × 4"),
        (encode_mask(np.zeros((30, 40), np.uint8)), "40 × 30 .* expected a grey PNG of 6 × 4"),
        (encode_mask(np.full((4, 6), 77, np.uint8)), r"the colour \[77, 77, 77\] at row 0, column 0"),
        (b"", "is empty"),
        (b"GIF89a" + bytes(20), "is not a JPEG, PNG"),
        (encode_mask(np.zeros((4, 6), np.uint8))[:40], "cannot be decoded"),
        (bytes(MAX_BYTES + 1), "at most"),
    ],
)
def test_what_is_no_such_mask_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        decode_mask(data, 6, 4)


def test_another_format_is_refused() -> None:
    target = BytesIO()
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(target, "BMP")
    with pytest.raises(InvalidInput, match="is a BMP file"):
        decode_mask(target.getvalue(), 6, 4)


def test_where_anything_shall_be_looked_at_all_else_is_ignored() -> None:
    levels = np.full((8, 8), NOTHING, np.uint8)
    assert not ignored(levels, 8).any()
    levels[:2, :2] = IGNORE
    assert ignored(levels, 8).sum() == 4
    levels[4:, 4:] = LOOK
    np.testing.assert_array_equal(ignored(levels, 8), levels != LOOK)


def test_a_squeezed_pixel_counts_as_soon_as_an_ignored_one_goes_into_it() -> None:
    levels = np.zeros((90, 60), np.uint8)
    levels[40, 20] = IGNORE
    region = ignored(levels, 30)
    assert region.shape == (30, 30)
    assert region[13, 10]
    assert region.sum() <= 9
