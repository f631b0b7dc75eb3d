"""Methods that look at the pixels themselves and need no layer, by captum.

Each function is `(explained, x, column, _) -> (S, S)`: x is one standardised image, (1, 3, S, S); column the row of the
head that is explained. Where something is compared with "nothing", that is the mean colour: 0 when standardised.
"""

from __future__ import annotations

from typing import Final

import torch
from captum.attr import GradientShap, IntegratedGradients, NoiseTunnel, Occlusion, Saliency

from trainer.explanation.cams import NOISE, batch_size
from trainer.explanation.explained import Explained

STEPS: Final = 16  # of the path of integrated gradients
SAMPLES: Final = 8  # noisy images of SmoothGrad and gradient SHAP
WINDOWS: Final = 7  # occluding squares that fit side by side; each is moved by half its side


def input_gradient(explained: Explained, x: torch.Tensor, column: int, _layer: str) -> torch.Tensor:
    """The size of the gradient, at the most sensitive of the three colours [Simonyan 2014]."""
    gradient: torch.Tensor = Saliency(explained).attribute(_leaf(x), target=column, abs=True)
    return gradient[0].amax(0)


def smoothgrad(explained: Explained, x: torch.Tensor, column: int, _layer: str) -> torch.Tensor:
    """The size of the mean gradient of noisy images [Smilkov 2017]."""
    tunnel = NoiseTunnel(Saliency(explained))
    deviation = float(NOISE * (x.max() - x.min()))
    gradient: torch.Tensor = tunnel.attribute(
        _leaf(x), target=column, abs=False, nt_samples=SAMPLES, nt_samples_batch_size=1, stdevs=deviation
    )
    return gradient[0].abs().amax(0)


def integrated_gradients(explained: Explained, x: torch.Tensor, column: int, _layer: str) -> torch.Tensor:
    """Gradient times difference, along the way from the mean colour to the image [Sundararajan 2017]."""
    method = IntegratedGradients(explained)
    parts: torch.Tensor = method.attribute(_leaf(x), target=column, n_steps=STEPS, internal_batch_size=1)
    return parts[0].sum(0)


def gradient_shap(explained: Explained, x: torch.Tensor, column: int, _layer: str) -> torch.Tensor:
    """The same at random places of the ways from black, the mean colour and white [Lundberg & Lee 2017]."""
    black, white = (torch.as_tensor(value - explained.mean) / explained.std for value in (0, 255))
    flat = torch.cat([black, torch.zeros_like(black), white]).expand(3, *x.shape[1:])
    total = torch.zeros_like(x)
    for _ in range(SAMPLES):  # one by one, so that each takes a moment only
        total += GradientShap(explained).attribute(_leaf(x), flat, n_samples=1, stdevs=0.1, target=column)
    return total[0].sum(0) / SAMPLES


def occlusion(explained: Explained, x: torch.Tensor, column: int, _layer: str) -> torch.Tensor:
    """How far the logit falls when a square there takes the mean colour [Zeiler & Fergus 2014]."""
    side = max(1, x.shape[-1] // WINDOWS)
    with torch.no_grad():
        drop: torch.Tensor = Occlusion(explained.quick()).attribute(
            x,
            sliding_window_shapes=(3, side, side),
            strides=(3, max(1, side // 2), max(1, side // 2)),
            target=column,
            perturbations_per_eval=batch_size(x),
        )
    return drop[0].sum(0)


def _leaf(x: torch.Tensor) -> torch.Tensor:
    return x.clone().requires_grad_()
