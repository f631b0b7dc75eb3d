"""Random views keep what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.models.space import SpaceInfo
from trainer.slow.augment import Standardise, Views, to_floats


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(
    count=st.integers(1, 5),
    size=st.integers(4, 20),
    smallest=st.floats(0.1, 1.0),
    light=st.floats(0.0, 0.9),
    flips=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_views_have_the_shape_and_range_of_images(
    count: int, size: int, smallest: float, light: float, flips: bool, seed: int
) -> None:
    images = torch.rand(count, 3, size, size, generator=generator(seed))
    before = images.clone()
    views = Views(smallest, light, 0.3, 0.5, flips)(images, generator(seed))
    assert views.shape == images.shape
    assert views.min() >= 0
    assert views.max() <= 1
    assert torch.equal(images, before)


def test_a_view_that_changes_nothing_is_the_image() -> None:
    images = torch.rand(3, 3, 12, 12, generator=generator())
    views = Views(1.0, 0.0, 0.0, 0.0)(images, generator())
    torch.testing.assert_close(views, images, atol=1e-5, rtol=0)


def test_images_are_mirrored_only_where_that_is_allowed() -> None:
    images = torch.zeros(64, 3, 8, 8)
    images[:, :, :, :4] = 1.0
    kept, mirrored = (Views(1.0, 0.0, 0.0, 0.0, flips)(images, generator()) for flips in (False, True))
    assert (kept[:, 0, 0, 0] == 1).all()
    assert 10 < (mirrored[:, 0, 0, 0] < 0.5).sum() < 54


def test_the_same_seed_gives_the_same_views_and_each_image_its_own() -> None:
    images = torch.rand(1, 3, 16, 16, generator=generator()).expand(4, 3, 16, 16)
    one, same = (Views()(images, generator(7)) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.allclose(one[0], one[1])


def test_views_can_be_smaller_than_the_image() -> None:
    assert Views(size=6)(torch.rand(2, 3, 8, 8), generator()).shape == (2, 3, 6, 6)


def test_pixels_are_standardised_as_the_space_says() -> None:
    info = SpaceInfo(kind="x", name="x", weights="x", image_size=4, dim=1, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0))
    pixels = np.full((2, 4, 4, 3), 255, np.uint8)
    found = Standardise(info)(to_floats(pixels))[0, :, 0, 0]
    assert found.tolist() == pytest.approx([0.9, 0.4, 0.175])
