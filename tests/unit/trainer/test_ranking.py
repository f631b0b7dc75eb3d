from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.config import Strategy, Train
from shared.errors import ConfigError
from shared.messages import ReasonKind
from tests.unit.trainer.conftest import FolderLabeler
from trainer.learner import Model, holdout_probabilities
from trainer.models.head import fit_head
from trainer.models.pixels import PixelSpace
from trainer.pool import Pool, Snapshot
from trainer.ranking import Ranker, look_alikes, nearest
from trainer.vectors import VectorFile

DIM, IMAGES = 12, 120
CLASSES = np.array([2, 5, 9])


@pytest.fixture
def pool(folder: FolderLabeler, tmp_path: Path) -> Pool:
    """Three clusters of images, every tenth of the hold-out; image i is of class CLASSES[i % 3]."""
    rng = np.random.default_rng(0)
    filled, vectors = Pool(), VectorFile(tmp_path / "v", DIM)
    filled.use(PixelSpace.fit(rng.integers(0, 255, (DIM, 4, 4, 3), dtype=np.uint8)), vectors)
    for i in range(IMAGES):
        folder.list(f"{i}.png", bytes([i]), lane="test" if i % 10 == 0 else "train")
    filled.update(folder.rows, filled.cursor)
    refs = filled.pending(IMAGES)
    x = np.stack([3 * np.eye(DIM)[ref.number % 3] + rng.normal(size=DIM) for ref in refs]).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    filled.embedded(refs, vectors.append([ref.content_hash for ref in refs], x))
    return filled


def labelled(pool: Pool, *numbers: int) -> tuple[Snapshot, dict[int, int]]:
    labels = {number: int(CLASSES[number % 3]) for number in numbers}
    pool.close(dict.fromkeys(numbers, True))
    snapshot = pool.snapshot(labels)
    assert snapshot is not None
    return snapshot, labels


def test_an_order_of_everything_askable_with_predictions_and_reasons(pool: Pool) -> None:
    snapshot, labels = labelled(pool, *range(1, 19))
    model = Model().fitted(snapshot.train, labels, Train())
    assert model.head is not None
    order = Ranker(Strategy(name="margin", explore=0.0, head=1000), 30.0).order(snapshot, model, labels, 1)
    assert order.strategy == "margin"
    numbers = [entry.image for entry in order.entries]
    assert sorted(numbers) == sorted(snapshot.askable.numbers.tolist())
    assert not set(numbers) & set(labels)
    assert not any(number % 10 == 0 for number in numbers)
    first = order.entries[0]
    assert first.reason.kind is ReasonKind.UNCERTAIN
    assert first.prediction is not None
    assert first.reason.classes == [number for number, _ in first.prediction.top[:2]]
    assert len(first.neighbours) == 3
    assert set(first.neighbours) <= set(labels)


def test_the_head_of_the_order_is_as_long_as_configured(pool: Pool) -> None:
    snapshot, _ = labelled(pool)
    order = Ranker(Strategy(head=10), 30.0).order(snapshot, Model(), {}, 1)
    assert len(order.entries) == 10
    assert all(entry.prediction is None and not entry.neighbours for entry in order.entries)


def test_the_same_version_gives_the_same_order_and_another_explores_elsewhere(pool: Pool) -> None:
    snapshot, _ = labelled(pool)
    ranker = Ranker(Strategy(name="random", head=20), 30.0)
    assert ranker.order(snapshot, Model(), {}, 1) == ranker.order(snapshot, Model(), {}, 1)
    assert ranker.order(snapshot, Model(), {}, 1) != ranker.order(snapshot, Model(), {}, 2)


def test_what_is_leased_is_not_ranked_but_counts_as_selected(pool: Pool) -> None:
    snapshot, _ = labelled(pool)
    ranker = Ranker(Strategy(name="herding", explore=0.0, head=10), 30.0)
    leased = [entry.image for entry in ranker.order(snapshot, Model(), {}, 1).entries[:3]]
    order = ranker.order(snapshot, Model(), {}, 1, leased)
    assert not set(leased) & {entry.image for entry in order.entries}
    assert {number % 3 for number in leased} == {0, 1, 2}
    assert order.entries[0].score < ranker.order(snapshot, Model(), {}, 1).entries[0].score / 2


def test_look_alikes_are_askable_nearly_equal_and_nearest_first(folder: FolderLabeler, tmp_path: Path) -> None:
    pool, vectors = Pool(), VectorFile(tmp_path / "alike", DIM)
    pool.use(PixelSpace.fit(np.zeros((DIM, 4, 4, 3), np.uint8)), vectors)
    for i in range(6):
        folder.list(f"{i}.png", bytes([i]), lane="test" if i == 3 else "train")
    pool.update(folder.rows, pool.cursor)
    angles = {0: 0.0, 1: 0.2, 2: 0.1, 3: 0.05, 4: 0.15, 5: 1.0}
    refs = pool.pending(6)
    x = np.zeros((6, DIM), np.float32)
    for row, ref in enumerate(refs):
        x[row, :2] = np.cos(angles[ref.number]), np.sin(angles[ref.number])
    pool.embedded(refs, vectors.append([ref.content_hash for ref in refs], x))
    vectors.sketch()
    snapshot, _ = labelled(pool, 4)
    rows = dict(zip(snapshot.askable.numbers.tolist(), snapshot.askable.rows.tolist(), strict=True))
    found = look_alikes(snapshot.askable, np.array([rows[0], rows[5]]))
    assert found == {rows[0]: [2, 1], rows[5]: []}


def test_look_alikes_are_offered_only_where_the_features_tell(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, _ = labelled(pool)
    snapshot.vectors.sketch()
    monkeypatch.setattr("trainer.ranking.LOOK_ALIKE", 0.5)
    ranker = Ranker(Strategy(head=20), 30.0)
    assert not any(entry.look_alikes for entry in ranker.order(snapshot, Model(), {}, 1).entries)
    monkeypatch.setattr("trainer.ranking.TELLING", {"pixels"})
    entries = ranker.order(snapshot, Model(), {}, 1).entries
    assert all(entry.look_alikes for entry in entries[:10])
    assert not any(entry.look_alikes for entry in entries[10:])


def test_of_a_large_pool_a_random_part_is_looked_at_another_each_time(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.pool.RUN", 4)
    monkeypatch.setattr("trainer.ranking.SCORED", 20)
    snapshot, _ = labelled(pool)
    ranker = Ranker(Strategy(name="random", explore=0.0, head=1000), 30.0)
    parts = [{e.image for e in ranker.order(snapshot, Model(), {}, version).entries} for version in range(40)]
    assert all(len(part) == 20 for part in parts)
    assert set().union(*parts) == set(snapshot.askable.numbers.tolist())


def test_an_unknown_strategy_is_refused_at_start() -> None:
    with pytest.raises(ConfigError, match="margins"):
        Ranker(Strategy(name="margins"), 30.0)


def test_neighbours_are_the_nearest_labelled_images(pool: Pool) -> None:
    snapshot, _ = labelled(pool, *range(1, 10))
    near = nearest(snapshot.askable, snapshot.train, np.array([0, 5]))
    for position, numbers in near.items():
        x = snapshot.askable[np.array([position])][0]
        distances = {
            int(n): float(((x - snapshot.train[np.array([i])][0]) ** 2).sum())
            for i, n in enumerate(snapshot.train.numbers)
        }
        assert numbers == sorted(distances, key=distances.__getitem__)[:3]


def test_probabilities_of_located_images_are_those_of_the_head(pool: Pool) -> None:
    snapshot, labels = labelled(pool, *range(1, 19))
    model = Model().fitted(snapshot.train, labels, Train())
    assert model.head is not None
    x = snapshot.askable[np.arange(len(snapshot.askable))]
    np.testing.assert_allclose(model.probabilities(snapshot.askable), model.head.probabilities(x), atol=1e-3)


def test_a_model_counts_versions_and_forgets_labels_that_are_gone(pool: Pool) -> None:
    snapshot, labels = labelled(pool, *range(1, 19))
    first = Model(version=4).fitted(snapshot.train, labels, Train())
    assert (first.version, first.labels) == (5, 17)
    empty, _ = labelled(pool)
    again = first.fitted(empty.train, {}, Train())
    assert (again.version, again.labels, again.head) == (6, 0, None)
    assert again.probabilities(snapshot.askable).shape == (len(snapshot.askable), 0)


def test_holdout_probabilities_have_a_column_for_every_class(pool: Pool) -> None:
    snapshot, labels = labelled(pool, *range(0, 31))
    x = snapshot.train[np.arange(len(snapshot.train))]
    head = fit_head(x, np.array([labels[int(n)] for n in snapshot.train.numbers]), 30.0)
    probs = holdout_probabilities(Model(1, head), snapshot.test, 11)
    assert probs.shape == (4, 11)
    assert not probs[:, [0, 1, 3, 4, 6, 7, 8, 10]].any()
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-5)
    assert not holdout_probabilities(Model(), snapshot.test, 11).any()
