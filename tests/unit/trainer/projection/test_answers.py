from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shared.asking import GridQuestion, MapQuestion
from shared.mapping import NO_CLASS, PLACES, unpack
from tests.unit.trainer.conftest import FolderLabeler
from trainer.learner import Model
from trainer.models.head import fit_head
from trainer.models.pixels import PixelSpace
from trainer.pool import Pool
from trainer.projection.answers import Cartographer, NothingThere, alike
from trainer.projection.atlas import Atlas
from trainer.vectors import VectorFile

from .conftest import heaps

DIM = 4


def still(_share: float) -> None:
    pass


class Office:
    """Thirty images in three heaps, of which 0–5 are the hold-out; a model fitted on 6–14."""

    def __init__(self, folder: FolderLabeler, data: Path) -> None:
        rng = np.random.default_rng(0)
        self.pool, vectors = Pool(), VectorFile(data / "v", DIM)
        self.pool.use(PixelSpace.fit(rng.integers(0, 255, (DIM, 8, 8, 3), dtype=np.uint8)), vectors)
        for i in range(30):
            folder.list(f"{i}.png", bytes([i]), lane="test" if i < 6 else "train")
        self.pool.update(folder.rows, self.pool.cursor)
        self.x, self.y = heaps(30, dim=DIM)
        refs = self.pool.refs(range(30))
        self.pool.embedded(refs, vectors.append([ref.content_hash for ref in refs], self.x))
        self.model = Model(7, fit_head(self.x[6:15], self.y[6:15], 30.0), 9)
        self.answers = Cartographer(self.pool, Atlas(data), lambda: self.model)


@pytest.fixture
def office(folder: FolderLabeler, tmp_path: Path) -> Office:
    return Office(folder, tmp_path)


def test_the_map_has_every_image_and_what_the_model_says_of_it(office: Office) -> None:
    facts, data = office.answers.map(MapQuestion(projection="pca", turn=1), still)
    found = unpack(PLACES, data)
    assert facts["model_version"] == 7
    assert sorted(found["numbers"].tolist()) == list(range(30))
    assert office.model.head is not None
    probs = office.model.head.probabilities(office.x[found["numbers"]].astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(found["predicted"], office.model.head.classes[probs.argmax(axis=1)])
    np.testing.assert_allclose(found["confidence"] / 255, probs.max(axis=1), atol=0.004)
    assert {int(found["x"].min()), int(found["x"].max())} == {0, 65_535}


def test_without_a_model_there_are_places_but_no_predictions(office: Office) -> None:
    office.model = Model()
    _, data = office.answers.map(MapQuestion(projection="pca", turn=1), still)
    assert set(unpack(PLACES, data)["predicted"].tolist()) == {NO_CLASS}
    with pytest.raises(NothingThere, match="model"):
        office.answers.grid(GridQuestion(class_id=0, limit=10, turn=1), still)


def test_a_head_of_other_embeddings_is_not_used(office: Office) -> None:
    office.model = Model(8, fit_head(np.eye(7, dtype=np.float32), np.arange(7), 1.0), 7)
    _, data = office.answers.map(MapQuestion(projection="pca", turn=1), still)
    assert set(unpack(PLACES, data)["predicted"].tolist()) == {NO_CLASS}


def test_before_anything_is_read_the_answer_is_a_sentence(tmp_path: Path) -> None:
    answers = Cartographer(Pool(), Atlas(tmp_path), Model)
    with pytest.raises(NothingThere, match="reading"):
        answers.map(MapQuestion(projection="pca", turn=1), still)


def test_the_grid_holds_open_training_images_of_the_class_the_surest_first(office: Office) -> None:
    office.pool.close(dict.fromkeys(range(6, 15), True))
    facts, _ = office.answers.grid(GridQuestion(class_id=1, limit=100, turn=1), still)
    numbers = [number for number, _, _ in facts["images"]]
    assert sorted(numbers) == [n for n in range(15, 30) if office.y[n] == 1]
    assert facts["counts"] == {str(c): int((office.y[15:] == c).sum()) for c in range(3)}
    groups = [group for _, _, group in facts["images"]]
    assert groups == sorted(groups)
    first = {group: max(c for _, c, g in facts["images"] if g == group) for group in groups}
    assert list(first.values()) == sorted(first.values(), reverse=True)
    few, _ = office.answers.grid(GridQuestion(class_id=1, limit=2, turn=2), still)
    assert len(few["images"]) == 2


def test_look_alikes_have_one_group() -> None:
    x = np.array([[1, 0], [0, 1], [0.9999, 0.0141], [0, 1], [0.7071, 0.7071]], np.float32)
    assert alike(x, 0.97).tolist() == [0, 1, 0, 1, 2]
    assert alike(x, -1.0).tolist() == [0] * 5
