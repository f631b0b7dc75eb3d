from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.trainer.explanation.conftest import planted
from trainer.explanation import METHODS, Explained

IMAGE = np.maximum(planted(8, 8, colour=0), planted(40, 40, colour=2))


@pytest.fixture
def x(explained: Explained) -> torch.Tensor:
    return explained.standardised(IMAGE)


def run(explained: Explained, method: str, x: torch.Tensor) -> np.ndarray:
    torch.manual_seed(0)
    np.random.seed(0)
    return METHODS[method].run(explained, x, 0, "").detach().numpy()


def logit(explained: Explained, x: torch.Tensor) -> float:
    with torch.no_grad():
        return float(explained(x)[0, 0])


def test_the_input_gradient_is_the_slope(explained: Explained, x: torch.Tensor) -> None:
    explained, x = explained.double(), torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).double()
    found = run(explained, "input_gradient", x)
    step = 1e-4
    for row, column in ((10, 10), (33, 20), (50, 50), (45, 60)):
        slopes = []
        for channel in range(3):
            more, less = x.clone(), x.clone()
            more[0, channel, row, column] += step
            less[0, channel, row, column] -= step
            slopes.append(abs(logit(explained, more) - logit(explained, less)) / (2 * step))
        assert found[row, column] == pytest.approx(max(slopes), rel=1e-4, abs=1e-9)


def test_smoothgrad_is_the_mean_gradient_of_noisy_images(explained: Explained, x: torch.Tensor) -> None:
    found = run(explained, "smoothgrad", x)
    torch.manual_seed(0)
    deviation = torch.full_like(x, float(0.15 * (x.max() - x.min())))
    total = torch.zeros_like(x)
    for _ in range(8):
        noisy = (x + torch.normal(0, deviation)).requires_grad_()
        total += torch.autograd.grad(explained(noisy)[0, 0], noisy)[0] / 8
    np.testing.assert_allclose(found, total[0].abs().amax(0), rtol=1e-4, atol=1e-9)


def test_integrated_gradients_add_up_to_the_difference(explained: Explained, x: torch.Tensor) -> None:
    difference = logit(explained, x) - logit(explained, torch.zeros_like(x))
    assert run(explained, "integrated_gradients", x).sum() == pytest.approx(difference, rel=0.05)


def test_gradient_shap_adds_up_roughly(explained: Explained) -> None:
    x = explained.standardised(planted())
    black, white = (((value - explained.mean) / explained.std).expand_as(x) for value in (0, 255))
    flat = np.mean([logit(explained, image) for image in (black, torch.zeros_like(x), white)])
    assert run(explained, "gradient_shap", x).sum() == pytest.approx(logit(explained, x) - flat, rel=0.2)


def test_occlusion_is_the_mean_drop_of_the_squares_over_a_pixel(explained: Explained, x: torch.Tensor) -> None:
    found, side, stride = run(explained, "occlusion", x), 9, 4
    total, count = np.zeros((64, 64)), np.zeros((64, 64))
    starts = [min(i * stride, 64) for i in range(-(-(64 - side) // stride) + 1)]
    for top in starts:
        for left in starts:
            covered = x.clone()
            covered[..., top : top + side, left : left + side] = 0
            drop = logit(explained, x) - logit(explained, covered)
            total[top : top + side, left : left + side] += drop
            count[top : top + side, left : left + side] += 1
    np.testing.assert_allclose(found, 3 * total / count, rtol=1e-3, atol=1e-5)
