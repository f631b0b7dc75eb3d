from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from shared.errors import InvalidInput
from tests.unit.trainer.explanation.conftest import (
    SIZE,
    Raising,
    colour_head,
    colour_info,
    colour_network,
    planted,
)
from trainer.explanation import METHODS, Explained, explain, why_not
from trainer.models.backbone import NetworkSpace
from trainer.models.head import fit_head
from trainer.models.pixels import PixelSpace

RED, GREEN, BLUE = 3, 5, 8
PIXEL_METHODS = [name for name, method in METHODS.items() if method.needs == "pixels"]


def centre(values: np.ndarray) -> tuple[float, float]:
    """Column and row of the middle of what is at least half as large as the largest value."""
    rows, columns = np.nonzero(values >= values.max() / 2)
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize("method", [name for name in METHODS if name != "smoothgrad"])  # a slope is not a place
@pytest.mark.parametrize(("left", "top"), [(36, 8), (8, 40)])
def test_the_map_lies_on_what_was_planted(explained: Explained, method: str, left: int, top: int) -> None:
    side = 16
    found = explain(explained, planted(left, top, side), method)
    assert (found.class_id, found.values.shape) == (RED, (SIZE, SIZE))
    if method != "gradient_shap":  # noise on all of an even image has a gradient everywhere
        np.testing.assert_allclose(centre(found.values), (left + side / 2 - 0.5, top + side / 2 - 0.5), atol=3)
    inside = found.values[top : top + side, left : left + side].sum() / found.values.sum()
    assert inside > 2 * side**2 / SIZE**2


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_finite_and_in_range_and_always_the_same(explained: Explained, method: str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    maps = [explain(explained, image, method) for _ in range(2)]
    np.testing.assert_array_equal(maps[0].values, maps[1].values)
    shown = maps[0].shown()
    assert (shown.dtype, shown.min() >= 0, shown.max()) == (np.float32, True, 1)
    torch.testing.assert_close(torch.random.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 127, 255])
def test_an_even_image_has_a_map_too(explained: Explained, method: str, value: int) -> None:
    found = explain(explained, np.full((SIZE, SIZE, 3), value, np.uint8), method)
    assert np.isfinite(found.values).all()
    assert 0 <= found.shown().min() <= found.shown().max() <= 1


def test_what_is_explained_is_what_predicts(space: NetworkSpace, explained: Explained) -> None:
    images = np.stack([planted(colour=c) for c in range(3)])
    features = space.embed(images)
    head = colour_head()
    for image, row, number in zip(images, features, (RED, GREEN, BLUE), strict=True):
        found = explain(explained, image, "gradcam")
        np.testing.assert_allclose(found.logits, head.weight @ row + head.bias, atol=1e-5)
        assert found.class_id == number


def test_another_class_has_another_map(explained: Explained) -> None:
    image = np.maximum(planted(8, 8, colour=0), planted(40, 40, colour=2))
    red, blue = (centre(explain(explained, image, "gradcam", number).values) for number in (RED, BLUE))
    assert red[0] < 32 < blue[0]


def test_a_class_that_the_head_does_not_know(explained: Explained) -> None:
    with pytest.raises(InvalidInput, match="class 4 had no training label"):
        explain(explained, planted(), "gradcam", 4)


def test_hooks_gradients_and_mode_are_as_before_also_after_an_error(space: NetworkSpace) -> None:
    network = space.network.train()
    network.requires_grad_(True)
    explained = Explained.of(space, colour_head())
    (broken,) = (module for module in explained.modules() if isinstance(module, Raising))
    for method in METHODS:
        explained.offset("0")
        broken.at = broken.passes + 2  # the first pass asks for the logits
        with pytest.raises(RuntimeError, match="a layer broke"):
            explain(explained, planted(), method)
        explain(explained, planted(), method)
        assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in explained.modules())
        assert not any(parameter.requires_grad or parameter.grad is not None for parameter in explained.parameters())
        assert not any(module.training for module in explained.modules())
    assert network.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("method", METHODS)
def test_progress_grows_and_can_end_the_work(explained: Explained, method: str) -> None:
    shares: list[float] = []
    explain(explained, planted(), method, report=shares.append)
    assert shares == sorted(shares)
    assert shares[0] == 0 and shares[-1] <= 1
    assert METHODS[method].note or METHODS[method].passes == 1 or shares[-1] > 0.7  # here are few channels to score

    def refuse(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        explain(explained, planted(), method, report=refuse)
    explain(explained, planted(), method)


def test_cam_needs_pooling_and_says_what_works_without() -> None:
    network = colour_network(pooling=nn.AdaptiveMaxPool2d(1))
    explained = Explained.of(NetworkSpace(network, colour_info(), torch.device("cpu")), colour_head())
    with pytest.raises(InvalidInput, match=r"CAM needs .* global average pooling .* these work: gradcam, gradcam\+\+"):
        explain(explained, planted(), "cam")
    assert explain(explained, planted(), "gradcam").values.max() > 0


def test_pixels_have_gradients_and_occlusion_alone() -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 32, 32, 3), dtype=np.uint8)
    space = PixelSpace.fit(images)
    head = fit_head(space.embed(images), np.arange(40) % 2, 30)
    explained = Explained.of(space, head)
    for method in METHODS:
        if method in PIXEL_METHODS:
            found = explain(explained, images[0], method)
            assert found.values.shape == (32, 32) and found.values.max() > 0
            np.testing.assert_allclose(found.logits, head.weight @ space.embed(images[:1])[0] + head.bias, atol=1e-4)
        else:
            assert ", ".join(PIXEL_METHODS) in why_not(method, explained.layers)
            with pytest.raises(InvalidInput, match="these work"):
                explain(explained, images[0], method)


def test_the_layer_can_be_given(explained: Explained) -> None:
    assert explain(explained, planted(), "gradcam").layer == "0"
    early = explain(explained, planted(), "gradcam", layer="0.1")
    assert early.layer == "0.1"
    np.testing.assert_allclose(centre(early.values), (43.5, 15.5), atol=1.5)
    with pytest.raises(InvalidInput, match=r"layer '0\.9' is none .* near it: 0"):
        explain(explained, planted(), "gradcam", layer="0.9")
    with pytest.raises(InvalidInput, match=r"CAM is defined for layer '0' alone, not '0\.1'"):
        explain(explained, planted(), "cam", layer="0.1")
    with pytest.raises(InvalidInput, match="unknown method 'x'"):
        explain(explained, planted(), "x")


def test_the_table_has_the_names_of_the_interface() -> None:
    names = (
        "cam gradcam gradcam++ smooth_gradcam++ scorecam sscam xgradcam layercam eigencam input_gradient smoothgrad"
        " integrated_gradients gradient_shap occlusion"
    )
    assert " ".join(METHODS) == names
    assert [name for name, method in METHODS.items() if method.note] == ["scorecam", "sscam"]
