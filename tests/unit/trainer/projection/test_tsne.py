from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from trainer.projection.tsne import embed_neighbours

from .conftest import heaps


def test_heaps_stay_together_and_the_share_done_grows() -> None:
    x, y = heaps(150)
    said: list[float] = []
    places = embed_neighbours(PCA(8).fit_transform(x).astype(np.float32), 0, said.append)
    assert places.shape == (150, 2)
    assert KNeighborsClassifier(5).fit(places, y).score(places, y) == 1.0
    assert said == sorted(said)
    assert said[-1] == 1.0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_handful_of_images_lies_as_its_components_say(count: int) -> None:
    codes = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    np.testing.assert_array_equal(embed_neighbours(codes, 0, lambda _: None), codes[:, :2])


def test_images_that_are_all_equal_do_no_harm() -> None:
    assert np.isfinite(embed_neighbours(np.ones((20, 5), np.float32), 0, lambda _: None)).all()
