"""The comparison of old and new weights where masks are painted."""

from __future__ import annotations

import numpy as np

from trainer.models.head import Floats
from trainer.models.space import Pixels
from trainer.slow.exam import Exam, with_copies
from trainer.slow.verdict import compare, right_on

SIZE, N = 12, 80
SPOT = np.zeros((SIZE, SIZE), np.bool_)
SPOT[:3, :3] = True


def spotted() -> tuple[Pixels, np.ndarray]:
    """Two classes that differ faintly everywhere, and one of them has a bright spot."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % 2
    images = rng.integers(0, 40, (N, SIZE, SIZE, 3), dtype=np.uint8)
    images[y == 1, SIZE // 2 :] += 60
    images[y == 1, :3, :3] = 255
    return images, y


def by_spot(images: Pixels) -> Floats:
    """A space that sees the spot alone."""
    bright = images[:, :3, :3].mean((1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], 1).astype(np.float32)


def by_rest(images: Pixels) -> Floats:
    """A space that sees all but the spot, not quite as well."""
    bright = images[:, SIZE // 2 :].mean((1, 2, 3)) / 255
    bright[1::4] = 0.1
    return np.stack([bright, 1 - bright], 1).astype(np.float32)


def exam() -> Exam:
    images, y = spotted()
    return Exam(images, y, by_spot(images), np.arange(0, 60), np.arange(60, N))


def verdict(found: Exam) -> bool:
    t, v = found.train, found.validation
    before, after = (
        right_on(x[t], found.y[t], x[v], found.y[v], 30.0, True) for x in (found.old, by_rest(found.pixels))
    )
    return compare(before, after).accepted


def test_weights_that_gave_up_a_shortcut_are_refused_only_without_masks() -> None:
    plain = exam()
    assert not verdict(plain), "on the validation part the shortcut pays"
    assert verdict(with_copies(plain, dict.fromkeys(range(1, 11, 2), SPOT), by_spot))


def test_without_masks_or_with_weights_that_are_not_in_use_it_stays_as_it_is() -> None:
    plain = exam()
    assert with_copies(plain, {}, by_spot) is plain
    assert with_copies(plain, {1: SPOT}, by_rest) is plain
    assert with_copies(plain, {1: SPOT}, lambda images: by_spot(images)[:, :1]) is plain


def test_copies_for_the_test_come_from_validation_images_alone() -> None:
    plain = exam()
    found = with_copies(plain, {1: SPOT, 61: SPOT}, by_spot)
    assert set(found.train.tolist()).isdisjoint(found.validation.tolist())
    assert len(found.train) == 60 + 8, "the painted image of the validation part is not learnt"
    asked = found.pixels[found.validation[20:]]
    theirs = plain.pixels[plain.validation]
    assert len(asked) == 8
    for copy in asked:
        assert any((copy[3:] == image[3:]).all() for image in theirs)
