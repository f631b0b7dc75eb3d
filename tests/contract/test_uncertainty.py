"""What every method of trainer/uncertainty has to keep to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from shared.config import Strategy
from tests.unit.trainer.models.test_head import blobs
from trainer.models.head import Head, fit_head
from trainer.strategies import STRATEGIES, Query, select
from trainer.uncertainty import UNCERTAINTIES, Learnt, Uncertainty, of_images

every_method = pytest.mark.parametrize("method", UNCERTAINTIES.values(), ids=UNCERTAINTIES.keys())


def learnt(n: int = 40, dim: int = 24, classes: int = 3, seed: int = 0, repeat: int = 1) -> Learnt:
    x, y = blobs(n, dim, classes, seed)
    x, y = np.tile(x, (repeat, 1)), np.tile(y, repeat)
    head = fit_head(x, y + 5, 30.0)
    return Learnt(head, x, np.searchsorted(head.classes, y + 5))


def pool(dim: int = 24) -> np.ndarray:
    return blobs(200, dim, 3, seed=9)[0]


@every_method
@pytest.mark.parametrize(("n", "dim", "classes"), [(40, 24, 3), (10, 100, 4), (1, 6, 1), (6, 6, 1), (2, 30, 2)])
def test_as_many_heads_as_asked_with_the_same_classes(method: Uncertainty, n: int, dim: int, classes: int) -> None:
    given = learnt(n, dim, classes)
    heads = method(given, 7, np.random.default_rng(0))
    assert len(heads) == 7
    for head in heads:
        assert head.classes.tolist() == given.head.classes.tolist()
        assert head.weight.shape == given.head.weight.shape
        assert head.weight.dtype == head.bias.dtype == np.float32
        assert np.isfinite(head.weight).all()


@every_method
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_moments_are_in_their_ranges(method: Uncertainty, temperature: float) -> None:
    found = of_images(method(learnt(), 20, np.random.default_rng(0)), pool(), temperature)
    assert found.mean.shape == (200, 3)
    np.testing.assert_allclose(found.mean.sum(axis=1), 1, rtol=1e-4)
    for values in (found.predictive, found.expected, found.information):
        assert values.shape == (200,)
        assert (values >= 0).all()
        assert (values <= np.log(3) + 1e-5).all()
    assert (found.information <= found.predictive).all()
    assert found.information.max() > 1e-3


@every_method
def test_the_same_seed_gives_the_same_heads(method: Uncertainty) -> None:
    first, again, other = (method(learnt(), 3, np.random.default_rng(seed)) for seed in (4, 4, 5))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.weight, b.weight)
        assert (a.weight != c.weight).any()


@every_method
def test_nothing_it_is_given_is_changed(method: Uncertainty) -> None:
    given = learnt()
    before = given.x.copy(), given.head.weight.copy(), given.head.bias.copy()
    method(given, 3, np.random.default_rng(0))
    for left, right in zip(before, (given.x, given.head.weight, given.head.bias), strict=True):
        np.testing.assert_array_equal(left, right)


@every_method
def test_with_one_class_there_is_nothing_to_be_unsure_of(method: Uncertainty) -> None:
    found = of_images(method(learnt(classes=1), 5, np.random.default_rng(0)), pool())
    assert found.predictive.max() == 0


@every_method
def test_on_average_the_heads_predict_what_the_head_does(method: Uncertainty) -> None:
    given = learnt(n=150)
    x = pool()
    found = of_images(method(given, 60, np.random.default_rng(0)), x)
    sure = given.head.probabilities(x).max(axis=1) > 0.8
    assert sure.sum() > 20
    same = found.mean.argmax(axis=1) == given.head.probabilities(x).argmax(axis=1)
    assert same[sure].mean() > 0.95


@pytest.mark.parametrize("name", ["ensemble", "laplace"])
def test_they_agree_more_the_more_labels_there_are(name: str) -> None:
    """Dropout knows nothing of labels; the others do."""
    few, many = (
        of_images(UNCERTAINTIES[name](given, 20, np.random.default_rng(0)), pool(4)).information.mean()
        for given in (learnt(n=12, dim=4), learnt(n=12, dim=4, repeat=60))
    )
    assert many < few / 2


@every_method
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_embeddings_that_are_not_finite_are_refused(method: Uncertainty, bad: float) -> None:
    given = learnt()
    x = given.x.copy()
    x[3, 2] = bad
    with pytest.raises(ValueError, match="NaN or infinity"):
        method(replace(given, x=x), 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="NaN or infinity"):
        of_images(method(given, 3, np.random.default_rng(0)), x)


def test_the_configuration_names_them_all() -> None:
    for name in UNCERTAINTIES:
        assert Strategy(uncertainty=name).uncertainty == name
    with pytest.raises(ValidationError):
        Strategy.model_validate({"uncertainty": "none"})


@every_method
def test_bald_asks_any_of_them(method: Uncertainty) -> None:
    given = learnt()
    name = next(name for name, known in UNCERTAINTIES.items() if known is method)
    probs = given.head.probabilities(pool())
    query = Query(10, probs, pool(), given.x, np.random.default_rng(0), given.y, None, given.head, uncertainty=name)
    chosen = select(STRATEGIES["bald"], query)
    assert len(set(chosen.positions.tolist())) == 10
    assert (chosen.scores > 0).all()


def test_sizes_that_do_not_fit_are_refused() -> None:
    given = learnt()
    for change in ({"y": given.y[1:]}, {"x": given.x[:, 1:].copy()}):
        with pytest.raises(ValueError, match="expected one label"):
            replace(given, **change)


def test_an_empty_pool_has_moments_of_no_images() -> None:
    heads: list[Head] = [learnt().head]
    assert of_images(heads, np.empty((0, 24), np.float32)).information.shape == (0,)
