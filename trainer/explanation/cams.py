"""Class activation maps: channels of one layer, weighted by what they do for a class, summed.

Each function is `(explained, x, column, layer) -> (h, w)`: x is one standardised image, (1, 3, S, S); column the row of
the head that is explained; layer the name of a layer whose output is a map of h × w cells. The maps are as their papers
have them before the last step, which all share: negative values become 0.

torchcam gives those that agree with their papers. Its Grad-CAM++ multiplies activations and cubed gradients before it
sums over the plane instead of after, which is the same only where all places have one gradient; its Smooth Grad-CAM++
takes the activations and the gradient of the last noisy image alone. These two are written here, as is Eigen-CAM, which
it does not have.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torchcam.methods import CAM, SSCAM, GradCAM, LayerCAM, ScoreCAM, XGradCAM

from trainer.explanation.explained import Explained

STRONGEST: Final = 64  # channels that Score-CAM and SS-CAM look at
SAMPLES: Final = 4  # noisy images or masks
NOISE: Final = 0.15  # deviation of the noise on an image, as a share of the range of its values
CPU_BATCH: Final = 2  # images per forward pass: short enough that others need not wait
GPU_BATCH: Final = 32


def cam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """The head's own weights [Zhou 2016]; `layer` must be the one that global average pooling follows."""
    with CAM(explained, f"network.{layer}", "head") as extractor, torch.no_grad():
        explained(x)
        return _only(extractor(column, normalized=False))


def gradcam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """The mean gradient of each channel [Selvaraju 2017]."""
    return _by_gradient(GradCAM, explained, x, column, layer)


def xgradcam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """The mean gradient weighted by the activation [Fu 2020]."""
    return _by_gradient(XGradCAM, explained, x, column, layer)


def layercam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """Each place's own positive gradient [Jiang 2021]."""
    return _by_gradient(LayerCAM, explained, x, column, layer)


def _by_gradient(
    method: type[GradCAM | XGradCAM | LayerCAM], explained: Explained, x: torch.Tensor, column: int, layer: str
) -> torch.Tensor:
    with method(explained, f"network.{layer}") as extractor, torch.enable_grad():
        scores = explained(x.clone().requires_grad_())
        return _only(extractor(column, scores, normalized=False))


def gradcam_plus_plus(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """Positive gradients weighted so that every place with the class counts [Chattopadhay 2018, eq. 19]."""
    activation, gradient = activation_and_gradient(explained, x, column, layer)
    return plus_plus(activation, gradient, gradient**2, gradient**3)


def smooth_gradcam_plus_plus(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """Grad-CAM++ with derivatives averaged over noisy images [Omeiza 2019].

    The numerator is the second derivative, as in Grad-CAM++; the paper prints the first, which loses its scale.
    """
    activation, _ = activation_and_gradient(explained, x, column, layer)
    deviation = NOISE * (x.max() - x.min())
    noisy = [x + deviation * torch.randn_like(x) for _ in range(SAMPLES)]
    gradients = torch.stack([activation_and_gradient(explained, image, column, layer)[1] for image in noisy])
    return plus_plus(activation, gradients.mean(0), (gradients**2).mean(0), (gradients**3).mean(0))


def plus_plus(activation: torch.Tensor, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor) -> torch.Tensor:
    """Grad-CAM++ from a layer's activation and the derivatives of exp(logit), less a common factor; all (C, h, w)."""
    denominator = 2 * second + activation.sum((1, 2), keepdim=True) * third
    alpha = torch.where(denominator.abs() > 1e-30, second / denominator, torch.zeros_like(second))
    weights = (alpha * first.relu()).sum((1, 2), keepdim=True)
    summed: torch.Tensor = (weights * activation).sum(0)
    return summed


def activation_and_gradient(
    explained: Explained, x: torch.Tensor, column: int, layer: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's output for one image, and the gradient of a logit with respect to it, (C, h, w) each."""
    kept: list[torch.Tensor] = []
    module = explained.network.get_submodule(layer)
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        with torch.enable_grad():
            logit = explained(x.clone().requires_grad_())[0, column]
    finally:
        handle.remove()
    (gradient,) = torch.autograd.grad(logit, kept[-1])
    return kept[-1].detach()[0], gradient[0]


def eigencam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """The first principal component of the activations, whatever the class [Muhammad & Yeasin 2020]."""
    activation, _ = activation_and_gradient(explained, x, column, layer)
    channels, height, width = activation.shape
    _, _, components = torch.linalg.svd(activation.reshape(channels, -1), full_matrices=False)
    first: torch.Tensor = components[0].reshape(height, width)
    return first if first.sum() >= 0 else -first  # its sign means nothing


def scorecam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """What each channel, as a mask on the image, leaves of the logit [Wang 2020]; the strongest channels alone."""
    return _by_score(ScoreCAM, explained, x, column, layer)


def sscam(explained: Explained, x: torch.Tensor, column: int, layer: str) -> torch.Tensor:
    """Score-CAM averaged over noisy masks [Wang, Naidu 2020]; the strongest channels, few samples."""
    return _by_score(SSCAM, explained, x, column, layer, num_samples=SAMPLES)


def _by_score(
    method: type[ScoreCAM], explained: Explained, x: torch.Tensor, column: int, layer: str, **options: Any
) -> torch.Tensor:
    name, batch = f"network.{layer}", batch_size(x)
    with method(explained, name, batch, reshape_transform=strongest, **options) as extractor, torch.no_grad():
        explained(x)
        extractor.model = explained.quick()  # the layer has been looked at; what follows are logits alone
        return _only(extractor(column, normalized=False))


def strongest(activation: torch.Tensor) -> torch.Tensor:
    """The STRONGEST channels with the largest mean, (1, C, h, w) → (1, ≤ STRONGEST, h, w)."""
    means = activation[0].mean((1, 2))
    kept = means.topk(min(STRONGEST, len(means))).indices.sort().values
    return activation[:, kept]


def batch_size(x: torch.Tensor) -> int:
    """Images per forward pass."""
    return CPU_BATCH if x.device.type == "cpu" else GPU_BATCH


def _only(maps: list[torch.Tensor]) -> torch.Tensor:
    only: torch.Tensor = maps[0][0].detach()
    return only
