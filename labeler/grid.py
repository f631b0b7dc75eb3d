"""The grid: images that the model gives one class, for a person to look over many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from labeler.board import Board
from labeler.classes import Classes
from labeler.desk import TrainerView
from labeler.image_store import ImageStore
from labeler.questions import Questions
from labeler.views import image_url, show_path
from shared.asking import GridQuestion

WAIT_S: Final = 4.0
IMAGES_BITS: Final = 24


class Grid:
    """What the grid page asks. Thread-safe."""

    def __init__(
        self,
        board: Board,
        images: ImageStore,
        classes: Classes,
        questions: Questions,
        view: Callable[[], TrainerView],
    ) -> None:
        """view: what the trainer does now."""
        self._board = board
        self._images = images
        self._classes = classes
        self._questions = questions
        self._view = view

    def page(self, label: str, limit: int, client: str | None) -> dict[str, Any]:
        """`GET /api/grid`: open training images that the model gives the class, surest first, look-alikes together.

        client: whoever holds a lease keeps it from everybody else. Raises UnknownClass, NoAnswerYet, QuestionRefused.
        """
        view, class_id = self._view(), self._classes.number(label)
        turn = (view.model_version << IMAGES_BITS) + view.embedded
        facts = self._questions.ask(GridQuestion(class_id=class_id, limit=limit, turn=turn), WAIT_S).facts
        with self._board.lock:
            free = [row for row in facts["images"] if self._board.queue.open_to(client, row[0])]
            names = dict(self._board.class_names)
        rows = self._images.images_by_number([row[0] for row in free])
        return {
            "model_version": facts["model_version"],
            "images": [
                {
                    "image_id": rows[number].image_id,
                    "url": image_url(rows[number].image_id),
                    "filename": show_path(rows[number].path),
                    "confidence": confidence,
                    "group": group,
                }
                for number, confidence, group in free
                if number in rows
            ],
            "counts": {name: facts["counts"].get(str(number), 0) for number, name in names.items()},
        }
