"""The saliency methods, all in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import torch

from trainer.explanation import cams, inputs
from trainer.explanation.explained import Explained

Needs = Literal["pooling", "layer", "pixels"]


@dataclass(frozen=True, slots=True)
class Method:
    """title: its usual name. passes: images that go through the network. note: says so where it is an approximation.

    run: `(explained, x, column, layer) -> map`, (h, w) for a layer of h × w cells, (S, S) for pixels.
    needs: a layer that global average pooling follows; any layer with a map; or the pixels alone.
    """

    title: str
    run: Callable[[Explained, torch.Tensor, int, str], torch.Tensor]
    needs: Needs
    passes: int
    note: str = ""


FEW_CHANNELS: Final = f"approximation: the {cams.STRONGEST} strongest channels"
FEW_SAMPLES: Final = f"{FEW_CHANNELS}, {cams.SAMPLES} samples"
WINDOWS: Final = (2 * inputs.WINDOWS) ** 2

METHODS: Final[dict[str, Method]] = {
    "cam": Method("CAM", cams.cam, "pooling", 1),
    "gradcam": Method("Grad-CAM", cams.gradcam, "layer", 1),
    "gradcam++": Method("Grad-CAM++", cams.gradcam_plus_plus, "layer", 1),
    "smooth_gradcam++": Method("Smooth Grad-CAM++", cams.smooth_gradcam_plus_plus, "layer", 1 + cams.SAMPLES),
    "scorecam": Method("Score-CAM", cams.scorecam, "layer", 2 + cams.STRONGEST, FEW_CHANNELS),
    "sscam": Method("SS-CAM", cams.sscam, "layer", 2 + cams.STRONGEST * cams.SAMPLES, FEW_SAMPLES),
    "xgradcam": Method("XGrad-CAM", cams.xgradcam, "layer", 1),
    "layercam": Method("Layer-CAM", cams.layercam, "layer", 1),
    "eigencam": Method("Eigen-CAM", cams.eigencam, "layer", 1),
    "input_gradient": Method("Input gradient", inputs.input_gradient, "pixels", 1),
    "smoothgrad": Method("SmoothGrad", inputs.smoothgrad, "pixels", inputs.SAMPLES),
    "integrated_gradients": Method("Integrated gradients", inputs.integrated_gradients, "pixels", inputs.STEPS),
    "gradient_shap": Method("Gradient SHAP", inputs.gradient_shap, "pixels", inputs.SAMPLES),
    "occlusion": Method("Occlusion", inputs.occlusion, "pixels", WINDOWS),
}
