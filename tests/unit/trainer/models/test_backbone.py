from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from shared.config import Model
from shared.errors import ConfigError
from trainer.models.backbone import NetworkSpace, cut_classifier, feature_dim, fused, torchvision_network
from trainer.models.choose import choose_device, choose_space, rebuild_space
from trainer.models.space import SpaceInfo

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("resnet18", 512),
        ("mobilenet_v2", 1280),
        ("mobilenet_v3_small", 1024),
        ("efficientnet_b0", 1280),
        ("convnext_tiny", 768),
        ("squeezenet1_1", 512),
        ("densenet121", 1024),
        ("shufflenet_v2_x0_5", 1024),
        ("regnet_y_400mf", 440),
        ("mnasnet0_5", 1280),
    ],
)
def test_a_backbone_ends_with_its_pooled_features(name: str, dim: int) -> None:
    assert feature_dim(cut_classifier(torchvision_network(name)), 64, name) == dim


@pytest.mark.parametrize(("name", "dim"), [("vit_b_16", 768), ("swin_t", 768), ("googlenet", 1024)])
def test_larger_backbones_too(name: str, dim: int) -> None:
    size = 224 if name == "vit_b_16" else 96
    assert feature_dim(cut_classifier(torchvision_network(name)), size, name) == dim


def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"resnet_18.*resnet18"):
        torchvision_network("resnet_18")


def test_a_size_the_network_cannot_take_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.image_size"):
        feature_dim(cut_classifier(torchvision_network("vit_b_16")), 64, "vit_b_16")


class Flat(nn.Module):
    """A factory's network: mean and spread of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)


def flat() -> nn.Module:
    return Flat()


def spatial() -> nn.Module:
    return nn.Conv2d(3, 4, 1)


def no_module() -> int:
    return 3


def with_argument(name: str) -> nn.Module:
    return Flat()


def test_ones_own_by_dotted_name() -> None:
    space = choose_space(Model(factory=f"{__name__}:flat", image_size=32), CPU)
    assert space is not None
    assert (space.info.dim, space.info.kind) == (6, "factory")
    images = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    vectors = space.embed(images)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    scaled = (images / 255 - space.info.mean) / space.info.std
    expected = np.concatenate([scaled.mean(axis=(1, 2)), scaled.reshape(5, -1, 3).std(axis=1, ddof=1)], axis=1)
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize("name", ["spatial", "no_module", "with_argument", "missing"])
def test_ones_own_that_does_not_fit_is_refused_at_start(name: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        choose_space(Model(factory=f"{__name__}:{name}"), CPU)


def test_the_same_weights_have_the_same_name_and_others_another() -> None:
    def space(seed: int) -> NetworkSpace:
        torch.manual_seed(seed)
        network = cut_classifier(torchvision_network("squeezenet1_1"))
        info = SpaceInfo(kind="torchvision", name="squeezenet1_1", weights="none", image_size=64, dim=512)
        return NetworkSpace(network, info, CPU)

    assert space(0).id == space(0).id
    assert space(0).id != space(1).id


def test_a_space_is_made_again_from_its_state() -> None:
    space = choose_space(Model(factory=f"{__name__}:flat", image_size=32), CPU)
    assert space is not None
    again = rebuild_space(space.info, space.state(), CPU)
    assert again.id == space.id


def test_weights_none_leaves_it_to_the_pixels() -> None:
    assert choose_space(Model(weights="none", backbone="resnet18"), CPU) is None


def test_features_that_overflow_become_nan_and_no_error() -> None:
    class Huge(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 2), torch.inf)

    info = SpaceInfo(kind="factory", name="huge", weights="own", image_size=8, dim=2)
    assert np.isnan(NetworkSpace(Huge(), info, CPU).embed(np.zeros((2, 8, 8, 3), np.uint8))).all()


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"train\.device"):
        choose_device("toaster")
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "squeezenet1_1"])
def test_folding_batch_normalisation_changes_no_feature(name: str) -> None:
    torch.manual_seed(0)
    network = cut_classifier(torchvision_network(name)).train()
    with torch.no_grad():
        for _ in range(3):  # statistics other than those it was made with
            network(torch.randn(4, 3, 64, 64) * 2 + 1)
    network.eval()
    copy = fused(network, 64)
    x = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(copy(x), network(x), rtol=1e-3, atol=1e-4)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in copy.modules())


def test_a_network_that_cannot_be_traced_is_used_as_it_is() -> None:
    class Branches(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=(2, 3)) if x.mean() > 0 else x.amax(dim=(2, 3))

    network = Branches()
    assert fused(network, 32) is network
