from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.trainer.models.test_head import blobs
from trainer.models.head import fit_head
from trainer.uncertainty import Learnt
from trainer.uncertainty.mc_dropout import mc_dropout, only_dropout_in_training


def test_as_many_features_are_left_out_as_was_said_and_the_mean_stays() -> None:
    x, y = blobs(20, 50, 3)
    learnt = Learnt(fit_head(x, y, 30.0), x, y, dropout=0.3)
    weights = np.stack([head.weight for head in mc_dropout(learnt, 400, np.random.default_rng(0))])
    assert (weights == 0).all(axis=1).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(weights.mean(axis=0), learnt.head.weight, atol=0.12 * np.abs(learnt.head.weight).max())


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.Dropout2d(0.5),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.5),
    )


@pytest.mark.parametrize("training", [True, False])
def test_only_dropout_draws_and_every_layer_is_put_back(training: bool) -> None:
    net = network().train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    images = torch.randn(8, 1, 6, 6)
    with torch.no_grad(), only_dropout_in_training(net):
        first, second = net(images), net(images)
        assert not net[1].training
    assert (first != second).any()
    assert [module.training for module in net.modules()] == modes
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_after_an_error_too() -> None:
    net = network().train()
    with pytest.raises(RuntimeError), only_dropout_in_training(net):
        raise RuntimeError
    assert all(module.training for module in net.modules())
