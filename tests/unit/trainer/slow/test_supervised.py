"""A round on labels: what is trained, what stays, and the averaged copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shared.config import Slow
from tests.unit.trainer.models.test_small_cnn import photos
from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import small_cnn
from trainer.models.space import Pixels
from trainer.slow import supervised
from trainer.slow.pretraining import pretrain
from trainer.slow.supervised import augmentation, class_weights, shrink_and_perturb, train_on_labels

CPU = torch.device("cpu")


def corners(count: int) -> tuple[Pixels, np.ndarray]:
    """Noise with a bright spot of one size or the other, anywhere."""
    rng = np.random.default_rng(1)
    images, y = photos(count) // 3, np.arange(count) % 2
    for image, kind in zip(images, y, strict=True):
        row, column = rng.integers(0, 10, 2)
        image[row : row + 2 + 2 * kind, column : column + 2 + 2 * kind] = 255
    return images, y


def space_of(images: Pixels) -> NetworkSpace:
    torch.manual_seed(0)
    return NetworkSpace(*small_cnn(images), CPU)


def test_training_tells_classes_apart_and_leaves_the_old_space_alone() -> None:
    images, y = corners(80)
    old, told = pretrain(images, 15, False, 0, lambda _: None), []
    before = old.embed(images)
    config = Slow(steps=30, augment="none", learning_rate=5e-4)
    new = train_on_labels(old, images, y, config, 0, told.append)

    def apart(vectors: np.ndarray) -> float:
        similar = vectors @ vectors.T
        return float(similar[y[:, None] == y].mean() - similar[y[:, None] != y].mean())

    assert apart(new.embed(images)) > 1.5 * apart(before)
    np.testing.assert_array_equal(old.embed(images), before)
    assert new.id != old.id
    assert told[-1] == 1.0
    assert len(told) == 30
    same = train_on_labels(old, images, y, config, 0, told.append)
    assert same.id == new.id


def test_classes_count_alike_times_their_weight() -> None:
    counted = class_weights(np.array([0, 0, 0, 1]), np.array([4, 9]), {9: 3.0, 7: 2.0})
    np.testing.assert_allclose(counted, [4 / (2 * 3), 3 * 4 / (2 * 1)])


def test_class_weights_batch_size_and_weight_decay_change_what_is_learnt() -> None:
    images, y = corners(20)
    old = space_of(images)

    def trained(weigh: dict[int, float], **changes: float) -> str:
        config = Slow.model_validate({"steps": 2, "augment": "none", **changes})
        return train_on_labels(old, images, y, config, 0, lambda _: None, weigh=weigh).id

    ids = [trained({}), trained({0: 5.0}), trained({}, batch_size=8), trained({}, weight_decay=1.0)]
    assert len(set(ids)) == 4
    assert trained({0: 5.0, 1: 5.0}) != ids[1]


def test_the_components_of_the_pixels_stay_as_they_are() -> None:
    images, y = corners(20)
    old = space_of(images)
    new = train_on_labels(old, images, y, Slow(steps=2), 0, lambda _: None)
    for name, tensor in new.state().items():
        changed = not torch.equal(tensor, old.state()[name])
        assert changed == (name.startswith("trunk") and ("weight" in name or "bias" in name)), name


def test_the_weights_are_a_moving_average(monkeypatch: pytest.MonkeyPatch) -> None:
    images, y = corners(20)
    old = space_of(images)
    moved = []
    for average in (0.0, 0.9):
        monkeypatch.setattr(supervised, "AVERAGE", average)
        new = train_on_labels(old, images, y, Slow(steps=4), 0, lambda _: None)
        moved.append(float((new.state()["trunk.0.0.weight"] - old.state()["trunk.0.0.weight"]).norm()))
    assert 0 < moved[1] < moved[0]


@pytest.mark.parametrize("augment", ["none", "crops", "randaugment"])
def test_augmentation_keeps_shape_and_range(augment: str) -> None:
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    change = augmentation(Slow.model_validate({"augment": augment}))
    changed = change(images, torch.Generator().manual_seed(0))
    assert changed.shape == images.shape
    assert 0 <= changed.min() <= changed.max() <= 1
    assert torch.equal(changed, images) == (augment == "none")


def test_shrinking_scales_the_weights_of_layers_and_nothing_else() -> None:
    network, _ = small_cnn(photos(4))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    shrink_and_perturb(network, torch.Generator().manual_seed(0))
    for name, tensor in network.state_dict().items():
        shrunken = "trunk" in name and tensor.ndim > 1
        expected = before[name] * (0.6 if shrunken else 1.0)
        assert float((tensor.float() - expected.float()).abs().max()) <= (0.06 if shrunken else 0.0)
