from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.unit.trainer.explanation.conftest import colour_network
from trainer.explanation.alignment import offset, onto_image
from trainer.explanation.layers import find_layers
from trainer.models.backbone import cut_classifier, torchvision_network
from trainer.models.small_cnn import SmallCNN


def backbone(name: str) -> nn.Module:
    torch.manual_seed(0)
    return cut_classifier(torchvision_network(name)).eval()


@pytest.mark.parametrize(
    ("name", "size", "target", "side", "pooled"),
    [
        ("mobilenet_v2", 224, "features", 7, "features"),
        ("resnet18", 64, "layer2", 8, "layer4"),
        ("squeezenet1_1", 224, "features", 13, "features"),
        ("convnext_tiny", 64, "features.4.0", 8, None),  # a normalisation follows its pooling
    ],
)
def test_the_layer_is_deep_and_its_map_not_too_small(
    name: str, size: int, target: str | None, side: int, pooled: str | None
) -> None:
    layers = find_layers(backbone(name), size)
    assert (layers.target, layers.sides.get(target or "", 0), layers.pooled) == (target, side, pooled)


def test_the_own_small_network() -> None:
    layers = find_layers(SmallCNN(32).eval(), 32)
    assert (layers.target, layers.sides["trunk.4"], layers.pooled) == ("trunk.4", 8, None)


def test_attention_mixes_places_so_no_layer_is_chosen() -> None:
    class Mixing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.mix = nn.Conv2d(3, 8, 4, 4), nn.TransformerEncoderLayer(8, 2, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.mix(self.stem(x).flatten(2).permute(2, 0, 1)).mean(0)

    layers = find_layers(Mixing().eval(), 32)
    assert (layers.sides, layers.target, layers.pooled) == ({"stem": 8}, None, None)


def test_one_without_maps() -> None:
    layers = find_layers(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), 4)
    assert (layers.sides, layers.target, layers.pooled) == ({}, None, None)


@pytest.mark.parametrize(("layer", "expected"), [("0.3", 1.5), ("0", 3.5)])
def test_halving_by_odd_kernels_moves_a_map_by_half_a_stride(layer: str, expected: float) -> None:
    assert offset(colour_network().eval(), layer, 64) == pytest.approx(expected, abs=0.5)


def test_halving_by_even_kernels_does_not() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 2, 2), nn.ReLU(), nn.MaxPool2d(2))
    assert offset(network, "2", 64) == pytest.approx(0, abs=0.5)


def test_a_map_is_moved_back() -> None:
    cells = torch.zeros(8, 8)
    cells[2, 5] = 1
    for shift in (0.0, 3.5):
        whole = onto_image(cells, 64, shift)
        row, column = divmod(int(whole.argmax()), 64)
        assert whole.shape == (64, 64)
        assert (row, column) == (pytest.approx(2 * 8 + 3.5 - shift, abs=1), pytest.approx(5 * 8 + 3.5 - shift, abs=1))
