from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from shared.config import Strategy as StrategyConfig
from shared.config import Train
from trainer.pool import Located
from trainer.service import answers
from trainer.service.answers import Settings, choose, f1_answer, f1_scores, known_strategy, learn, likeliest
from trainer.service.backbones import RawPixels
from trainer.service.refusals import BadCall
from trainer.strategies import STRATEGIES
from trainer.vectors import VectorFile

SETTINGS = Settings(Train(), StrategyConfig())
CLASSES = 3


def blobs(folder: Path, count: int, seed: int = 0) -> tuple[Located, np.ndarray]:
    """Images in overlapping clusters, one per class, and their classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, count)
    x = np.eye(8)[truth] + rng.normal(0, 0.4, (count, 8))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    vectors = VectorFile(folder / f"v{seed}", 8)
    rows = vectors.append([i.to_bytes(16, "big") for i in range(count)], x)
    return Located(vectors, np.arange(count), rows), truth


def ignored(share: float) -> None:
    """Nobody asks how far it is."""


@pytest.mark.parametrize("method", sorted(STRATEGIES))
@pytest.mark.parametrize("labels", [0, 12])
def test_every_strategy_gives_exactly_as_many_unlabelled_images(tmp_path: Path, method: str, labels: int) -> None:
    images, truth = blobs(tmp_path, 60)
    known = {i: int(truth[i]) for i in range(labels)}
    learnt = learn(RawPixels(), images, known, SETTINGS.train)
    strategy = known_strategy(method)
    chosen = choose(strategy, 7, learnt, SETTINGS, 0, ignored)
    assert len(set(chosen.numbers)) == len(chosen.scores) == 7
    assert not set(chosen.numbers) & set(known)
    assert chosen == choose(strategy, 7, learnt, SETTINGS, 0, ignored)
    everything = choose(strategy, 1000, learnt, SETTINGS, 0, ignored)
    assert sorted(everything.numbers) == list(range(labels, 60))


@pytest.mark.parametrize("method", ["random", "margin", "uherding"])
def test_many_are_chosen_in_rounds_that_count_what_was_chosen_before(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, truth = blobs(tmp_path, 60)
    learnt = learn(RawPixels(), images, {i: int(truth[i]) for i in range(6)}, SETTINGS.train)
    shares: list[float] = []
    monkeypatch.setattr(answers, "ROUND", 8)
    chosen = choose(known_strategy(method), 20, learnt, SETTINGS, 0, shares.append)
    assert len(set(chosen.numbers)) == 20
    assert shares == [0.4, 0.8, 1.0]
    first = choose(known_strategy(method), 8, learnt, SETTINGS, 0, ignored)
    assert chosen.numbers[:8] == first.numbers


def test_another_seed_draws_other_images(tmp_path: Path) -> None:
    images, _ = blobs(tmp_path, 60)
    learnt = learn(RawPixels(), images, {}, SETTINGS.train)
    draws = [choose(known_strategy("random"), 10, learnt, SETTINGS, seed, ignored).numbers for seed in (0, 1)]
    assert draws[0] != draws[1]


@pytest.mark.parametrize(
    "method", ["", "nope", "os:system", "trainer.strategies:margin", "vae0", "vae99999", "margin5"]
)
def test_only_the_table_is_offered(method: str) -> None:
    with pytest.raises(BadCall, match="uherding") as caught:
        known_strategy(method)
    assert (caught.value.code, caught.value.field) == ("unknown_method", "method")


def test_epochs_may_follow_the_name() -> None:
    assert known_strategy("vae3") is not known_strategy("vae4")
    known_strategy("mixture20")


def test_predictions_are_the_likeliest_classes(tmp_path: Path) -> None:
    images, truth = blobs(tmp_path, 90)
    known = {i: int(truth[i]) + 10 for i in range(45)}
    learnt = learn(RawPixels(), images, known, SETTINGS.train)
    found = list(likeliest(learnt.model, learnt.images.askable))
    assert [number for number, _, _ in found] == list(range(45, 90))
    x = images[np.arange(90)]
    peer = LogisticRegression(C=30.0, class_weight="balanced", max_iter=2000).fit(x[:45], truth[:45])
    assert [label - 10 for _, label, _ in found] == peer.predict(x[45:]).tolist()
    assert all(1 / CLASSES <= confidence <= 1 for _, _, confidence in found)


def test_without_labels_nothing_is_predicted(tmp_path: Path) -> None:
    images, _ = blobs(tmp_path, 5)
    learnt = learn(RawPixels(), images, {}, SETTINGS.train)
    assert list(likeliest(learnt.model, learnt.images.askable)) == []


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_f1_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    scores = f1_scores(truth, predicted)
    assert list(scores.values()) == pytest.approx(f1_score(truth, predicted, average=None, zero_division=0))
    assert np.mean(list(scores.values())) == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))


def test_f1_of_a_model_that_saw_the_training_images_alone(tmp_path: Path) -> None:
    images, truth = blobs(tmp_path, 120)
    labels = dict(enumerate(truth.tolist()))
    train, validation = images.part(images.numbers < 30), images.part(images.numbers >= 30)
    answer = f1_answer(train, validation, labels, ["a", "b", "c"], SETTINGS.train)
    x = images[np.arange(120)]
    peer = LogisticRegression(C=30.0, class_weight="balanced", max_iter=2000).fit(x[:30], truth[:30]).predict(x[30:])
    assert answer["f1_macro"] == pytest.approx(f1_score(truth[30:], peer, average="macro"))
    assert answer["per_class"] == pytest.approx(dict(zip("abc", f1_score(truth[30:], peer, average=None), strict=True)))
    assert (answer["n_train"], answer["n_val"]) == (30, 90)
