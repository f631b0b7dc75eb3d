"""Every formula against one computed here from the layer's activation and gradient alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.unit.trainer.explanation.conftest import colour_head, planted
from trainer.explanation import METHODS, Explained
from trainer.explanation.cams import SAMPLES, activation_and_gradient, plus_plus, strongest

IMAGE = np.maximum(planted(8, 8, colour=0), planted(40, 40, colour=2))
LAYER = "0.1"  # two more convolutions follow, so that gradients differ from place to place


@pytest.fixture
def x(explained: Explained) -> torch.Tensor:
    return explained.standardised(IMAGE)


def parts(explained: Explained, x: torch.Tensor, layer: str = LAYER) -> tuple[np.ndarray, np.ndarray]:
    """A and ∂y/∂A, (C, h, w), by a network that is cut in two at the layer."""
    stages = list(explained.network[0])
    depth = {"0.1": 2, "0": len(stages)}[layer]
    activation = torch.nn.Sequential(*stages[:depth])(x).detach().requires_grad_()
    rest = torch.nn.Sequential(*stages[depth:], *list(explained.network)[1:])(activation)
    explained.head(functional.normalize(rest))[0, 0].backward()
    return activation.detach().numpy()[0], activation.grad.numpy()[0]


def run(explained: Explained, method: str, x: torch.Tensor, layer: str = LAYER) -> np.ndarray:
    torch.manual_seed(0)
    return METHODS[method].run(explained, x, 0, layer).numpy()


def test_activation_and_gradient(explained: Explained, x: torch.Tensor) -> None:
    for found, expected in zip(activation_and_gradient(explained, x, 0, LAYER), parts(explained, x), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_cam(explained: Explained, x: torch.Tensor) -> None:
    activation, _ = parts(explained, x, "0")
    expected = np.tensordot(colour_head().weight[0], activation, 1)
    np.testing.assert_allclose(run(explained, "cam", x, "0"), expected, rtol=1e-4, atol=1e-6)


def test_gradcam(explained: Explained, x: torch.Tensor) -> None:
    a, g = parts(explained, x)
    expected = np.maximum(np.tensordot(g.mean((1, 2)), a, 1), 0)
    np.testing.assert_allclose(run(explained, "gradcam", x), expected, rtol=1e-3, atol=1e-7)


def test_xgradcam(explained: Explained, x: torch.Tensor) -> None:
    a, g = parts(explained, x)
    weights = [(gk * ak).sum() / (ak.sum() + 1e-8) for ak, gk in zip(a, g, strict=True)]
    expected = np.maximum(np.tensordot(weights, a, 1), 0)
    np.testing.assert_allclose(run(explained, "xgradcam", x), expected, rtol=1e-3, atol=1e-7)


def test_layercam(explained: Explained, x: torch.Tensor) -> None:
    a, g = parts(explained, x)
    expected = (np.maximum(g, 0) * a).sum(0)
    np.testing.assert_allclose(run(explained, "layercam", x), expected, rtol=1e-3, atol=1e-7)


def plus_plus_by_loops(a: np.ndarray, g1: np.ndarray, g2: np.ndarray, g3: np.ndarray) -> np.ndarray:
    total = np.zeros(a.shape[1:])
    for k in range(len(a)):
        weight = 0.0
        for i, j in np.ndindex(a.shape[1:]):
            denominator = 2 * g2[k, i, j] + a[k].sum() * g3[k, i, j]
            weight += g2[k, i, j] / denominator * max(g1[k, i, j], 0) if denominator else 0
        total += weight * a[k]
    return total


def test_gradcam_plus_plus(explained: Explained, x: torch.Tensor) -> None:
    a, g = (part.astype(np.float64) for part in parts(explained, x))
    np.testing.assert_allclose(run(explained, "gradcam++", x), plus_plus_by_loops(a, g, g**2, g**3), rtol=1e-3)


def test_smooth_gradcam_plus_plus_averages_the_derivatives(explained: Explained, x: torch.Tensor) -> None:
    found = run(explained, "smooth_gradcam++", x)
    torch.manual_seed(0)
    noisy = [x + 0.15 * (x.max() - x.min()) * torch.randn_like(x) for _ in range(SAMPLES)]
    g = np.stack([parts(explained, image)[1] for image in noisy]).astype(np.float64)
    a = parts(explained, x)[0].astype(np.float64)
    expected = plus_plus_by_loops(a, g.mean(0), (g**2).mean(0), (g**3).mean(0))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_plus_plus_is_nought_without_a_gradient() -> None:
    none = torch.zeros(2, 3, 3)
    assert plus_plus(torch.ones(2, 3, 3), none, none, none).abs().max() == 0


def test_eigencam_is_the_strongest_pattern(explained: Explained, x: torch.Tensor) -> None:
    activation, _ = parts(explained, x)
    flat = activation.reshape(len(activation), -1)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    assert values[-1] > values[-2]
    found = run(explained, "eigencam", x).ravel()
    assert found.sum() > 0
    np.testing.assert_allclose(abs(found @ vectors[:, -1]), 1, atol=1e-4)


def test_scorecam(explained: Explained, x: torch.Tensor) -> None:
    a = torch.from_numpy(parts(explained, x, "0")[0])
    masks = a - a.amin((1, 2), keepdim=True)
    masks /= masks.amax((1, 2), keepdim=True) + 1e-8
    large = functional.interpolate(masks[:, None], x.shape[2:], mode="bilinear", align_corners=False)
    with torch.no_grad():
        weights = torch.softmax(explained(large * x)[:, 0] - explained(x)[0, 0], 0)
    expected = (weights[:, None, None] * a).sum(0).relu()
    np.testing.assert_allclose(run(explained, "scorecam", x, "0"), expected, rtol=1e-4, atol=1e-6)


def test_sscam_follows_scorecam(explained: Explained, x: torch.Tensor) -> None:
    smooth, plain = run(explained, "sscam", x, "0"), run(explained, "scorecam", x, "0")
    assert np.corrcoef(smooth.ravel(), plain.ravel())[0, 1] > 0.5


def test_the_strongest_channels() -> None:
    activation = torch.arange(100.0).view(1, 100, 1, 1).expand(1, 100, 3, 3)
    assert strongest(activation)[0, :, 0, 0].tolist() == list(range(36, 100))
    assert strongest(activation[:, :10]).shape == (1, 10, 3, 3)
