from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from shared.errors import InvalidInput
from tests.unit.trainer.explanation.conftest import colour_head, colour_info
from trainer.explanation import METHODS, Explained, explain
from trainer.explanation.shift import shifted
from trainer.models.backbone import NetworkSpace, cut_classifier, torchvision_network
from trainer.models.head import Head
from trainer.models.pixels import PixelSpace
from trainer.models.small_cnn import small_cnn

SHIFT = 2.0


def some_head(dim: int) -> Head:
    rng = np.random.default_rng(0)
    return Head(np.arange(3), rng.normal(size=(3, dim)).astype(np.float32), np.zeros(3, np.float32), 0.0)


def images(size: int, n: int = 40) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (n, size, size, 3), dtype=np.uint8)


def network_space(name: str, size: int) -> NetworkSpace:
    torch.manual_seed(0)
    network = cut_classifier(torchvision_network(name)).eval()
    dim = network(torch.zeros(1, 3, size, size)).shape[1]
    return NetworkSpace(network, colour_info(dim).model_copy(update={"image_size": size}), torch.device("cpu"))


def space(kind: str) -> NetworkSpace | PixelSpace:
    if kind == "pixels":
        return PixelSpace.fit(images(32))
    if kind == "small_cnn":
        return NetworkSpace(*small_cnn(images(32)), torch.device("cpu"))
    return network_space(kind, 64)


@pytest.mark.parametrize("kind", ["mobilenet_v2", "resnet18", "small_cnn", "pixels"])
@pytest.mark.parametrize("amount", [SHIFT, -0.7])
def test_the_logits_are_those_of_the_image_as_it_was(kind: str, amount: float) -> None:
    made = space(kind)
    explained = Explained.of(made, some_head(made.info.dim))
    moved = shifted(explained, amount)
    exact = explained.double()
    exactly_moved = shifted(exact, amount)
    for pixels in images(made.info.image_size, 3):
        x = exact.standardised(pixels)
        torch.testing.assert_close(exactly_moved.standardised(pixels), x + amount)
        assert float((exactly_moved(x + amount) - exact(x)).abs().max()) < 1e-10
        assert float((exactly_moved(x) - exact(x)).abs().max()) > 1e-6  # the shift is felt where it is not undone
        assert float((moved((x + amount).float()) - exact(x)).abs().max()) < 1e-3


@pytest.fixture
def before_and_after() -> dict[str, float]:
    """How far each method's map differs, as a share of its largest value."""
    torch.manual_seed(0)
    convolutions = (nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
    network = nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    explained = Explained.of(NetworkSpace(network, colour_info(8), torch.device("cpu")), some_head(8))
    moved = shifted(explained, SHIFT)
    differences = {}
    for method in METHODS:
        maps = [explain(model, images(64)[0], method).values for model in (explained, moved)]
        differences[method] = float(np.abs(maps[1] - maps[0]).max() / maps[0].max())
    return differences


def test_only_methods_that_compare_with_a_fixed_image_change(before_and_after: dict[str, float]) -> None:
    changed = {method for method, difference in before_and_after.items() if difference > 0.01}
    assert changed == {"integrated_gradients", "gradient_shap", "occlusion", "scorecam", "sscam"}


def test_the_model_itself_is_not_touched(explained: Explained) -> None:
    state = {name: tensor.clone() for name, tensor in explained.state_dict().items()}
    shifted(explained, SHIFT)
    for name, tensor in explained.state_dict().items():
        torch.testing.assert_close(tensor, state[name])


def test_what_cannot_be_compensated_is_refused() -> None:
    class Normalising(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x**2).mean((2, 3))

    space = NetworkSpace(Normalising(), colour_info(3), torch.device("cpu"))
    head = colour_head()
    explained = Explained.of(space, Head(head.classes, head.weight[:, :3], head.bias, 0.0))
    with pytest.raises(InvalidInput, match="a bias cannot compensate"):
        shifted(explained, SHIFT)
