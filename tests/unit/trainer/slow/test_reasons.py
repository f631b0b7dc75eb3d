"""The penalty on looking where it was painted that one shall not: against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from shared.config import Slow
from tests.unit.trainer.slow.test_supervised import CPU, corners, space_of
from trainer.models.backbone import NetworkSpace
from trainer.models.space import Pixels, SpaceInfo
from trainer.slow import reasons
from trainer.slow.augment import Standardise, Views
from trainer.slow.reasons import PAINTED, Reasons, Seen, gradcam_penalty, gradient_penalty
from trainer.slow.supervised import augmentation, train_on_labels

SIZE = 16


def seen(x: torch.Tensor, features: torch.Tensor, ignore: torch.Tensor) -> Seen:
    return Seen(x, x, features, features[:, 0], ignore)


def half(n: int) -> torch.Tensor:
    """The left half of images of SIZE × SIZE, (n, 1, SIZE, SIZE)."""
    ignore = torch.zeros(n, 1, SIZE, SIZE)
    ignore[..., : SIZE // 2] = 1
    return ignore


def test_the_gradient_penalty_is_the_squared_norm_of_the_jacobian_in_the_region_per_feature() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, SIZE, SIZE, generator=generator)
    weight = torch.randn(3 * SIZE * SIZE, 5, generator=generator)
    torch.manual_seed(1)
    drawn = []
    for _ in range(100):
        asked = x.clone().requires_grad_()
        drawn.append(float(gradient_penalty(seen(asked, asked.flatten(1) @ weight, half(2))).detach()))
    in_region = weight.reshape(3, SIZE, SIZE, 5)[:, :, : SIZE // 2].square().sum()
    assert np.mean(drawn) == pytest.approx(float(in_region) / 5, rel=0.2)


def test_what_does_not_depend_on_the_region_costs_nothing() -> None:
    x = torch.randn(2, 3, SIZE, SIZE).requires_grad_()
    features = (x * (1 - half(2))).mean((2, 3))
    assert float(gradient_penalty(seen(x, features, half(2))).detach()) == 0.0


def test_the_grad_cam_penalty_is_the_share_of_the_map_in_the_region() -> None:
    maps = torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weight = np.array([1.0, -2.0, 0.5, 3.0])
    scores = maps.mean((2, 3)) @ torch.tensor(weight, dtype=torch.float32)
    found = gradcam_penalty(Seen(torch.zeros(2, 3, SIZE, SIZE), maps, scores[:, None], scores, half(2)))
    cams = np.maximum(np.tensordot(weight, maps.detach().numpy().transpose(1, 0, 2, 3), 1), 0)
    shares = cams[:, :, :4].sum((1, 2)) / cams.sum((1, 2))
    assert float(found.detach()) == pytest.approx(shares.mean(), rel=1e-4)


def classify(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return features, features[:, :2]


def painted(space: NetworkSpace, images: Pixels, form: str) -> Reasons:
    region = np.zeros(images.shape[1:3], np.bool_)
    region[3:7, 4:9] = True
    config = Slow.model_validate({"reasons": form})
    ignore = dict.fromkeys(range(len(images)), region)
    return Reasons(space.network, config, images, np.arange(len(images)) % 2, ignore, augmentation(config))


def test_the_region_goes_through_the_same_crops_and_flips_as_the_image() -> None:
    region = torch.zeros(6, 1, 20, 20)
    region[:, :, 4:9, 11:15] = 1
    views = Views(smallest=0.5, light=0, colour=0, grey=0, flips=True)
    changed = views(torch.cat([region.expand(-1, 3, -1, -1), region], 1), torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed[:, :3], changed[:, 3:].expand(-1, 3, -1, -1), rtol=0, atol=1e-6)
    assert not torch.equal(changed[0], changed[1])


def test_a_planted_pixel_stays_in_its_region_on_the_way_to_the_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.zeros((6, 32, 32, 3), np.uint8)
    images[:, 3:7, 4:9] = 255
    kept: list[Seen] = []

    def keep(what: Seen) -> torch.Tensor:
        kept.append(what)
        return what.features.sum()

    monkeypatch.setitem(reasons.FORMS, "gradient", keep)
    space = space_of(np.random.default_rng(0).integers(0, 255, (6, 32, 32, 3), dtype=np.uint8))
    penalty = painted(space, images, "gradient")
    raw = Standardise(space.info.model_copy(update={"mean": (0.0,) * 3, "std": (1.0,) * 3}))
    penalty.judge(classify, raw, np.random.default_rng(0), torch.Generator().manual_seed(0))
    bright, ignore = kept[0].x.detach()[:, :1] > 0.3, kept[0].ignore > 0
    assert bright.any()
    assert bool((ignore | ~bright).all()), "a bright pixel lies outside of the region"
    assert float(ignore.float().mean()) < 0.3


def test_hooks_are_gone_afterwards_also_after_an_error() -> None:
    images, _ = corners(8)
    space = space_of(images)
    penalty = painted(space, images, "gradcam")
    standardise, rng = Standardise(space.info), np.random.default_rng(0)
    share = penalty.judge(classify, standardise, rng, torch.Generator().manual_seed(0)).penalty
    assert 0 <= float(share.detach()) <= 1

    def fail(_features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        penalty.judge(fail, standardise, rng, torch.Generator().manual_seed(0))
    assert not any(module._forward_hooks for module in space.network.modules())


def test_a_network_without_maps_learns_painted_images_without_a_penalty(caplog: pytest.LogCaptureFixture) -> None:
    images, _ = corners(4)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * images.shape[1] ** 2, 4))
    space = NetworkSpace(network, space_of(images).info.model_copy(update={"dim": 4}), CPU)
    penalty = painted(space, images, "gradcam")
    judged = penalty.judge(
        classify, Standardise(space.info), np.random.default_rng(0), torch.Generator().manual_seed(0)
    )
    assert float(judged.penalty) == 0
    assert len(judged.logits) == PAINTED == len(judged.codes)
    assert "without a penalty" in caplog.text


def test_a_painted_part_stands_for_both_classes() -> None:
    images = np.zeros((4, 32, 32, 3), np.uint8)
    images[::2] = 200
    space = space_of(np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), dtype=np.uint8))
    views, codes = painted(space, images, "gradient")._swapped(np.random.default_rng(0))
    inside, outside = views[:, 0, 3:7, 4:9], views[:, 0, 20:]
    assert codes.tolist().count(0) == PAINTED // 2
    for image, region, code in zip(outside, inside, codes.tolist(), strict=True):
        assert float(image.mean()) == pytest.approx(0 if code else 200 / 255, abs=1e-6), (
            "the class is what lies outside"
        )
        assert float(region.std()) < 1e-6
    assert float(inside[:, 0, 0].std()) > 0.05, "the part goes from one class's to the other's"
    large = painted(space, images, "gradient")
    large._ignore = dict.fromkeys(range(4), np.ones((32, 32), np.bool_))
    large._painted = np.array([0])
    assert large._swapped(np.random.default_rng(0))[1].tolist() == [0] * PAINTED, "a large part is not put on others"


def tiny(size: int) -> NetworkSpace:
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    info = SpaceInfo(kind="factory", name="tiny", weights="own", image_size=size, dim=32)
    return NetworkSpace(nn.Sequential(*layers), info, CPU)


def test_training_with_masks_makes_features_depend_less_on_the_region() -> None:
    images, y = corners(24)
    images = images[:, :SIZE, :SIZE]
    region = np.zeros((SIZE, SIZE), np.bool_)
    region[:8] = True
    moved = {}
    for form in ("off", "gradient"):
        config = Slow.model_validate(
            {"steps": 60, "learning_rate": 0.01, "batch_size": 8, "reasons": form, "augment": "none"}
        )
        new = train_on_labels(tiny(SIZE), images, y, config, 0, lambda _: None, ignore=dict.fromkeys(range(24), region))
        changed = images.copy()
        changed[:, :8] = 255 - changed[:, :8]
        moved[form] = float(np.linalg.norm(new.embed(changed) - new.embed(images), axis=1).mean())
    assert moved["gradient"] < 0.7 * moved["off"]
