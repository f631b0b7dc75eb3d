"""The small network, the components of the pixels in it, and its space."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainer.models.backbone import NetworkSpace
from trainer.models.choose import rebuild_space
from trainer.models.pixels import PixelSpace
from trainer.models.small_cnn import BLOCKS, PIXEL_WEIGHT, small_cnn
from trainer.models.space import Pixels, unit_rows

CPU = torch.device("cpu")


def photos(count: int, size: int = 16) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [20, 200])
def test_the_part_of_the_pixels_is_what_pixel_space_gives(count: int) -> None:
    images = photos(count)
    space = NetworkSpace(*small_cnn(images), CPU)
    vectors = space.embed(images)
    convolutions = BLOCKS[-1][0]
    expected = PixelSpace.fit(images).embed(images)
    found = unit_rows(vectors[:, convolutions : convolutions + expected.shape[1]])
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    share = np.linalg.norm(vectors[:, convolutions:], axis=1) / np.linalg.norm(vectors[:, :convolutions], axis=1)
    np.testing.assert_allclose(share, PIXEL_WEIGHT, atol=1e-4)


def test_a_space_made_again_from_its_state_gives_the_same_vectors() -> None:
    images = photos(12)
    space = NetworkSpace(*small_cnn(images), CPU)
    again = rebuild_space(space.info, space.state(), CPU)
    assert again.id == space.id
    assert again.info.dim == space.embed(images).shape[1]
    np.testing.assert_array_equal(again.embed(images), space.embed(images))


def test_batch_normalisation_is_folded_into_the_convolutions() -> None:
    network, info = small_cnn(photos(12))
    space = NetworkSpace(network, info, CPU)
    folded = space._forward
    assert folded is not network
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())


def test_one_image_of_one_colour_has_finite_features() -> None:
    images = np.full((1, 16, 16, 3), 7, np.uint8)
    assert np.isfinite(NetworkSpace(*small_cnn(images), CPU).embed(images)).all()
