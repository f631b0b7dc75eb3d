from __future__ import annotations

import numpy as np
import torch

from tests.unit.trainer.strategies.test_typiclust import spheres
from trainer.strategies import Query, find_strategy, select
from trainer.strategies.vae import Autoencoder


def test_the_score_of_an_image_does_not_depend_on_a_draw() -> None:
    network = Autoencoder(8, torch.Generator().manual_seed(0))
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(1))
    network.fit(x, 3)
    np.testing.assert_array_equal(network.errors(x), network.errors(x))
    np.testing.assert_allclose(network.errors(x)[4:9], network.errors(x[4:9]), rtol=1e-5)


def test_errors_are_mean_squares_of_what_is_not_reconstructed() -> None:
    network = Autoencoder(8, torch.Generator().manual_seed(0))
    network.fit(torch.zeros(4, 8), 300)
    x = torch.tensor([[3.0] * 8, [0.0] * 8])
    errors = network.errors(x)
    assert errors[1] < 0.05
    assert errors[0] > errors[1]


def test_training_lowers_the_error_of_what_it_is_trained_on() -> None:
    x = torch.from_numpy(spheres(3, 20))
    few, many = (Autoencoder(24, torch.Generator().manual_seed(0)) for _ in range(2))
    few.fit(x, 1)
    many.fit(x, 200)
    assert many.errors(x).mean() < 0.8 * few.errors(x).mean()


def test_what_is_unlike_all_labelled_images_comes_first() -> None:
    x = spheres(4, 20)
    query = Query(20, np.empty((80, 0), np.float32), x, x[:60], np.random.default_rng(0))
    chosen = select(find_strategy("vae200"), query)
    assert chosen.positions[0] >= 60
    assert chosen.scores[chosen.positions >= 60].mean() > 2 * chosen.scores[chosen.positions < 60].mean()
