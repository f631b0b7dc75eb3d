"""What the trainer answers about the map and the grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.asking import Answer, GridQuestion, MapQuestion, Question
from shared.errors import LabelstreamError
from shared.mapping import NO_CLASS, PLACES, SURE, on_grid, pack
from trainer.clerk import Handler
from trainer.learner import Model
from trainer.pool import Located, Pool
from trainer.projection.atlas import Atlas
from trainer.projection.near import Report
from trainer.ranking import LOOK_ALIKE

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SLICE: Final = 8_192  # images between two breaths


class NothingThere(LabelstreamError):
    """There is nothing yet that could be shown."""

    code = "nothing_there"


class Cartographer:
    """Answers MapQuestion and GridQuestion, in the clerk's thread. model: the present one."""

    def __init__(self, pool: Pool, atlas: Atlas, model: Callable[[], Model]) -> None:
        self._pool = pool
        self._atlas = atlas
        self._model = model

    def handlers(self) -> dict[type[Question], Handler]:
        """For the clerk."""
        return {MapQuestion: self.map, GridQuestion: self.grid}

    def map(self, question: MapQuestion, report: Report) -> Answer:
        """The columns of the map. Raises NothingThere, DrawingFailed."""
        space, images = self._images()
        places = self._atlas.places(question.projection, space, images, report)
        if isinstance(places, float):
            return Answer({"progress": places})
        model = self._model()
        predicted, confidence = predict(model, images, report)
        x, y = on_grid(places)
        columns = {"numbers": images.numbers, "x": x, "y": y, "predicted": predicted}
        data = pack(PLACES, {**columns, "confidence": np.rint(confidence * SURE)})
        return Answer({"model_version": model.version, "space": space}, data)

    def grid(self, question: GridQuestion, report: Report) -> Answer:
        """The surest open training images of one predicted class. Raises NothingThere."""
        images, model = self._open(), self._model()
        if model.head is None:
            raise NothingThere("there is no model yet; it comes with the first labels of two classes")
        predicted, confidence = predict(model, images, report)
        of_class = np.flatnonzero(predicted == question.class_id)
        best = of_class[np.argsort(-confidence[of_class], kind="stable")[: question.limit]]
        groups = alike(images[best]) if len(best) else np.empty(0, np.int64)
        shown = np.argsort(groups, kind="stable")
        found, counts = np.unique(predicted[predicted != NO_CLASS], return_counts=True)
        facts: dict[str, Any] = {
            "model_version": model.version,
            "images": [
                [int(images.numbers[best[i]]), round(float(confidence[best[i]]), 4), int(groups[i])] for i in shown
            ],
            "counts": {str(number): count for number, count in zip(found.tolist(), counts.tolist(), strict=True)},
        }
        return Answer(facts)

    def _images(self) -> tuple[str, Located]:
        """Every embedded image, and the name of the space it is embedded in."""
        space, images = self._pool.space, self._pool.unlabelled(())
        if space is None or images is None or not len(images) or self._pool.space is not space:
            raise NothingThere("no image has been read yet; the trainer is reading them")
        return space.id, images

    def _open(self) -> Located:
        snapshot = self._pool.snapshot(())
        if snapshot is None:
            raise NothingThere("no image has been read yet; the trainer is reading them")
        return snapshot.askable


def predict(model: Model, images: Located, report: Report) -> tuple[Integers, Floats]:
    """The likeliest class of each image, NO_CLASS without a head, and its probability, each (N,)."""
    predicted, confidence = np.full(len(images), NO_CLASS, np.int64), np.zeros(len(images), np.float32)
    if model.head is None or model.head.weight.shape[1] != images.vectors.dim:  # the embeddings were swapped just now
        return predicted, confidence
    for start in range(0, len(images), SLICE):
        report(start / len(images))
        part = slice(start, start + SLICE)
        probs = model.probabilities(Located(images.vectors, images.numbers[part], images.rows[part]))
        predicted[part], confidence[part] = model.head.classes[probs.argmax(axis=1)], probs.max(axis=1)
    return predicted, confidence


def alike(x: Floats, cosine: float = LOOK_ALIKE) -> Integers:
    """Groups of unit vectors, (n, D) → (n,): numbered by their first member, 0, 1, …

    A vector joins the group of the first one before it that leads a group and has at least this cosine with it.
    """
    groups = np.full(len(x), -1, np.int64)
    near = x @ x.T >= cosine
    count = 0
    for i in range(len(x)):
        if groups[i] < 0:
            groups[(groups < 0) & near[i]] = count
            groups[i] = count
            count += 1
    return groups
